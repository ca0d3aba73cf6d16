// The journal of a call: what the phones and a desktop saw of it is there, in order, with no secret; also of calls that failed, and after a restart.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem, talk, tone, until } from "@sidetone/testing";
import { Desk } from "./desk.ts";
import { connect, phone, recordingOf } from "./phones.ts";

interface Line {
  readonly kind: string;
  readonly id: string;
  readonly time: string;
  readonly callUuid: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly summary: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly remote?: string;
  readonly text?: string | null;
}

interface Journal {
  readonly call: { readonly callUuid: string; readonly connId: string; readonly endedTime: string | null };
  readonly related: readonly { readonly callUuid: string; readonly relation: string }[];
  readonly participants: readonly { readonly id: string }[];
  readonly lines: readonly Line[];
}

let system: RunningSystem;
before(async () => {
  system = await startSystem({
    mode: "five-processes",
    config: {
      "sip-server": {
        applications: {
          desk: { password: "demo-desk", grants: [{ dns: "*", rights: ["monitor", "control", "userdata", "record"] }] },
        },
      },
    },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

async function journal(
  query: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Journal }> {
  const response = await fetch(`${system.http("sip-server")}/api/v1/journal?${query}`, { headers });
  return { status: response.status, body: (await response.json()) as Journal };
}

async function callUuidOf(dn: string): Promise<string> {
  const [line] = await system.ledger(dn);
  return line?.callUuid ?? assert.fail(`${dn} has no ledger line`);
}

/** `→` to SIP Server, `←` from it, as the phone's side of the wire has it. */
function wireOf(lines: readonly Line[], participant: string): string[] {
  return lines
    .filter((line) => line.kind === "sip" && (line.from === participant || line.to === participant))
    .map((line) => `${line.from === participant ? "→" : "←"} ${line.label} ${line.cseq}`);
}

test("a recorded call with a transfer: every message of the phones, T-Library and the recording, in order, no secret", async (t) => {
  const started = Date.now();
  const customer = await phone(t, system, "7102", { source: tone(437) });
  const agent = await phone(t, system, "7101", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const second = await phone(t, system, "7103", { source: tone(701), answering: { kind: "answer", afterMs: 100 } });
  const desk = await Desk.open(t, system, "desk", "7101", "7102", "7103");
  const call = await connect(customer, agent);
  const about = await desk.about("7101");
  await desk.client.recordStart(about).catch(() => undefined);
  await desk.says("7101", "On");
  await desk.client.attachUserData({ ...about, UserData: { card: "4111111111111111" } });
  await desk.client.initiateTransfer({ ...about, OtherDN: "7103" });
  const told = (dn: string): readonly string[] => desk.told(dn).map(({ message }) => message);
  assert.ok(await until(() => told("7103").includes("EventEstablished"), 5000));
  const consultation = desk.told("7103").find(({ message }) => message === "EventEstablished")?.attributes["ConnID"];
  await desk.client.completeTransfer({ ...about, TransferConnID: String(consultation) });
  assert.ok(await until(() => told("7101").filter((message) => message === "EventReleased").length === 2, 5000));
  await talk(1000);
  await call.caller.bye();
  assert.ok(await until(() => told("7103").includes("EventReleased"), 5000));
  await second.close();

  const { status, body } = await journal(`conn-id=${about.ConnID}`);
  assert.equal(status, 200, JSON.stringify(body));
  const { lines } = body;
  assert.deepEqual(
    lines.map(({ time }) => time),
    lines.map(({ time }) => time).toSorted(),
    "in order of time",
  );
  assert.equal(new Set(lines.map(({ id }) => id)).size, lines.length);
  assert.deepEqual(
    body.related.map(({ relation }) => relation),
    ["consultation"],
  );
  assert.ok(body.call.endedTime !== null);

  // Every frame of these dialogs that SIP Server's own journal file has, and no other.
  const callIds = new Set(lines.flatMap(({ callId }) => callId ?? []));
  const frames = readFileSync(system.journal("sip-server"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { time: string; start: string; callId?: string; cseq?: string })
    .filter(({ time, callId }) => Date.parse(time) >= started && callIds.has(callId ?? ""));
  assert.deepEqual(
    lines.filter(({ kind }) => kind === "sip").map(({ label, cseq }) => `${label} ${cseq}`),
    frames.map(({ start, cseq }) => `${start.startsWith("SIP/2.0 ") ? start.slice(8) : start.split(" ")[0]} ${cseq}`),
  );
  const invites = wireOf(lines, "phone:7102").filter((line) => line.endsWith("INVITE"));
  const begin = ["→ INVITE 1 INVITE", "← 401 Unauthorized 1 INVITE", "→ INVITE 2 INVITE"];
  assert.deepEqual(invites.slice(0, 3), begin, invites.join("\n"));
  for (const [who, message] of [
    ["phone:7102", /^→ BYE/],
    ["phone:7101", /^← INVITE/],
    ["phone:7101", /^→ 180 Ringing/],
    ["phone:7101", /^← BYE/],
    ["phone:7103", /^→ 200 OK \d+ INVITE/],
    ["resource-manager", /^← INVITE/],
    ["media-server", /^← INFO/],
  ] as const)
    assert.ok(
      wireOf(lines, who).some((line) => message.test(line)),
      `${who} ${message}\n${wireOf(lines, who).join("\n")}`,
    );
  assert.ok(
    lines.some(({ summary }) => /MSML .*recorder start/.test(summary)),
    "MSML is summarised",
  );

  const last = lines.findLast(({ kind, to, label }) => kind === "sip" && to === "phone:7103" && label === "BYE");
  assert.equal(last?.callUuid, body.call.callUuid, "who came from the consultation is told as the call's from then on");

  const events = lines.filter(({ kind, label }) => kind === "tlib" && label.startsWith("Event"));
  for (const name of ["EventDialing", "EventRinging", "EventEstablished", "EventPartyChanged", "EventReleased"])
    assert.ok(
      events.some(({ label, to }) => label === name && to === "application:desk"),
      name,
    );
  const requests = lines.filter(({ from }) => from === "application:desk").map(({ label }) => label);
  for (const name of ["RequestInitiateTransfer", "RequestCompleteTransfer"])
    assert.ok(requests.includes(name), requests.join());
  const states = lines.filter(({ kind }) => kind === "recording").map(({ label, summary }) => `${label}; ${summary}`);
  assert.match(states[0] ?? "", /^GSIP_RECORD On; ./);
  // Who is recorded has transferred the call and is gone.
  assert.equal(states.at(-1), "GSIP_RECORD Off; party-left");

  const text = JSON.stringify(body);
  assert.doesNotMatch(
    text,
    /demo-7|4111111111111111|response=\\"[0-9a-f]{32}/,
    "a password, a digest answer or user data",
  );
  assert.match(text, /\(masked\)/, "the phones' INVITEs were authenticated");
  for (const file of readdirSync(join(system.folder)).filter((name) => name.includes("-journal.sqlite")))
    assert.doesNotMatch(readFileSync(join(system.folder, file), "latin1"), /response="[0-9a-f]{32}"/, file);

  const path = `call-uuid=${body.call.callUuid}`;
  assert.equal((await journal(path, { "x-sidetone-dns": "7103" })).status, 200, "who came in later is a party");
  assert.equal((await journal(path, { "x-sidetone-dns": "80*" })).status, 404);
  assert.ok(
    (await journal(`${path}&text=none`)).body.lines.every(({ text: shown }) => shown === undefined || shown === null),
  );
});

test("a call that nobody answers, and one to a number that is none, have their journals; they are there after a kill -9", async (t) => {
  const a = await phone(t, system, "7102");
  await phone(t, system, "7001", { answering: { kind: "reject", status: 486 } });
  const desk = await Desk.open(t, system, "desk", "7102");
  for (const number of ["7001", "9999"]) {
    const failed = await a.call(number);
    await failed.answered.catch(() => undefined);
  }
  const released = (): readonly string[] =>
    desk
      .told("7102")
      .flatMap(({ message, attributes }) => (message === "EventReleased" ? [String(attributes["ConnID"])] : []));
  assert.ok(await until(() => released().length === 2, 5000));
  const [busy, unknown] = released();
  const look = async (connId = ""): Promise<string[]> =>
    wireOf((await journal(`conn-id=${connId}`)).body.lines, "phone:7102").filter((line) => line.startsWith("←"));
  const seen = [await look(busy), await look(unknown)];
  assert.ok(
    seen[0]?.some((line) => line.startsWith("← 486")),
    seen[0]?.join("\n"),
  );
  assert.ok(
    seen[1]?.some((line) => line.startsWith("← 404")),
    seen[1]?.join("\n"),
  );
  await system.killRole("sip-server");
  await system.startRole("sip-server");
  assert.deepEqual([await look(busy), await look(unknown)], seen);
});

test("a console asks for it by call, and the file's folder is that of the storage", async (t) => {
  const a = await phone(t, system, "7001", { source: tone(437) });
  const b = await phone(t, system, "7002", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const call = await connect(a, b);
  await talk(1200);
  await call.caller.bye();
  await recordingOf(system, "7001");
  const callUuid = await callUuidOf("7001");
  const response = await system.get(`${system.http("console")}/api/v1/journal?call-uuid=${callUuid}`);
  assert.equal(response.status, 200);
  assert.ok(existsSync(join(system.folder, "sip-server-journal.sqlite")), readdirSync(system.folder).join());
});
