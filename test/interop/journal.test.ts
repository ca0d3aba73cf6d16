// Every SIP frame that tshark sees on any hop stands in the journals of the parts, and the other way round; none is malformed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseMessage, parseMultipart } from "@sidetone/sip";
import {
  Capture,
  malformed,
  needs,
  projectRoot,
  type RunningSystem,
  sipFrames,
  startSystem,
  talk,
  tone,
} from "@sidetone/testing";
import { hearsEachOther, connect, phone, recordingOf } from "../e2e/phones.ts";

const roles = ["sip-server", "resource-manager", "media-server", "recorder"] as const;

interface Line {
  readonly direction: "in" | "out";
  readonly transport: string;
  readonly local: string;
  readonly remote: string;
  readonly start: string;
  readonly callId?: string;
  readonly cseq?: string;
}

function count(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function difference(a: Map<string, number>, b: Map<string, number>): string[] {
  return Array.from(a).flatMap(([key, times]) =>
    times === (b.get(key) ?? 0) ? [] : [`${key}: ${times} and ${b.get(key) ?? 0}`],
  );
}

test("tshark's SIP frames on all hops equal the parts' own journals, none malformed", {
  skip: needs("tcpdump", "tshark", "xmllint"),
}, async (t) => {
  const system = await startSystem();
  t.after(() => system.dispose());
  const ports = [system.ports.sip, system.ports.resourceManager, system.ports.mediaServer, system.ports.recorder];
  // From here on: what flowed before the capture is in the journals only.
  const capture = await Capture.start(join(system.folder, "wire.pcap"));
  const startedAt = Date.now();
  const a = await phone(t, system, "7001", { source: tone(437) });
  const b = await phone(t, system, "7002", {
    source: tone(1013),
    answering: { kind: "answer", afterMs: 500, early: true },
  });
  const tcp = await phone(t, system, "7003", { transport: "tcp", source: tone(523) });
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  await call.caller.hold();
  await call.caller.resume();
  await call.callee.bye();
  await call.caller.ended;
  const second = await connect(tcp, b);
  await talk(300);
  await second.caller.bye();
  const third = await a.call("9999");
  await third.answered.catch(() => undefined);
  await recordingOf(system, "7001");
  await Promise.all([a.close(), b.close(), tcp.close()]);
  await system.stop();
  await capture.stop();
  assert.deepEqual(malformed(capture.file, ports), []);

  await xmlIsValid(system);

  const seen = sipFrames(capture.file, ports);
  assert.ok(seen.length > 60, `tshark sees only ${seen.length} SIP frames`);
  const own = new Set(ports.map((port) => `127.0.0.1:${port}`));
  // On TCP one side has an ephemeral port; the pair of ports is on both ends' lines all the same.
  const wire = count(
    seen.map((frame) => `${frame.transport} ${frame.from} → ${frame.to} ${frame.what} ${frame.callId} ${frame.cseq}`),
  );
  const all = roles.flatMap((role) =>
    readFileSync(system.journal(role), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line & { time: string }),
  );
  const lines = all.filter((line) => Date.parse(line.time) >= startedAt - 1);
  const key = (line: Line): string => {
    const [from, to] = line.direction === "out" ? [line.local, line.remote] : [line.remote, line.local];
    const what = /^SIP\/2\.0 (\d{3})/.exec(line.start)?.[1] ?? line.start.split(" ")[0];
    return `${line.transport.toLowerCase()} ${from} → ${to} ${what} ${line.callId} ${line.cseq}`;
  };
  const sent = count(lines.filter((line) => line.direction === "out").map(key));
  const received = count(lines.filter((line) => line.direction === "in").map(key));
  const fromParts = new Map(Array.from(wire).filter(([frame]) => sent.has(frame)));
  assert.deepEqual(difference(sent, wire), [], "in a journal as sent, but not so on the wire");
  assert.deepEqual(difference(received, wire), [], "in a journal as received, but not so on the wire");
  // Whatever is on the wire was sent by a part, or by a phone and then received by one.
  // The capture begins a moment before `startedAt`: here all lines count.
  const explained = new Set(all.map(key));
  const unexplained = Array.from(wire.keys()).filter((frame) => !explained.has(frame));
  assert.deepEqual(unexplained, [], "on the wire, but in no journal");
  assert.ok(fromParts.size > 0 && own.size === 4);
});

/** Every MSML and recording metadata document that a part has sent or received is valid against our schemas. */
async function xmlIsValid(system: RunningSystem): Promise<void> {
  const documents = new Map<string, string[]>();
  for (const role of roles) {
    for (const line of readFileSync(system.journal(role), "utf8").trim().split("\n")) {
      const message = parseMessage(Buffer.from((JSON.parse(line) as { text: string }).text));
      if (!message.ok || message.value.body.length === 0) continue;
      const { contentType = "", headers, body } = message.value;
      const parts = contentType.startsWith("multipart/")
        ? parseMultipart(headers.get("Content-Type") ?? "", body)
        : { ok: true as const, value: [{ contentType, body }] };
      assert.ok(parts.ok, `${role}: a multipart body that cannot be read`);
      for (const part of parts.value) {
        const kind = part.contentType?.split(";")[0] ?? "";
        if (!kind.endsWith("+xml")) continue;
        documents.set(kind, [...(documents.get(kind) ?? []), part.body.toString()]);
      }
    }
  }
  for (const [kind, schema, least] of [
    ["application/msml+xml", "packages/msml/schema/msml.xsd", 10],
    ["application/rs-metadata+xml", "packages/siprec/schema/recording.xsd", 2],
  ] as const) {
    const found = documents.get(kind) ?? [];
    assert.ok(
      found.length >= least,
      `${found.length} bodies of ${kind}; there are ${Array.from(documents.keys()).join(", ")}`,
    );
    for (const text of new Set(found)) {
      const { status, stderr } = spawnSync(
        "xmllint",
        ["--noout", "--nonet", "--schema", join(projectRoot, schema), "-"],
        { input: text, encoding: "utf8" },
      );
      assert.equal(status, 0, `${kind} is not valid:\n${text}\n${stderr}`);
    }
  }
}
