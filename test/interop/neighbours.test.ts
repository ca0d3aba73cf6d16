// A SIPp scenario stands in for each neighbour in turn: what each part says on the wire is what the contract says.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { describe, test, type TestContext } from "node:test";
import { checkWav, labFile, needs, RtpSender, SippRunner, startSystem, talk, tone, until } from "@sidetone/testing";
import { connect, hearsEachOther, ledgerSays, phone } from "../e2e/phones.ts";
import { legStandIn, mediaServerStandIn, recordingClient, refusing } from "./scenarios.ts";

const skip = needs("sipp");
const STAND_IN = 33_300;

/** SIP messages of a SIPp trace that the far side sent. */
function received(trace: string): string[] {
  return trace.split(/^-{20,}.*$/m).flatMap((block) => {
    const at = block.indexOf("message received");
    if (at < 0) return [];
    const from = block.indexOf("\n\n", at) >= 0 ? block.indexOf("\n\n", at) + 2 : block.indexOf("\r\n\r\n", at) + 4;
    return [block.slice(from)];
  });
}

describe("SIP Server with SIPp as Resource Manager and Media Server", () => {
  test("R11, R13: one INVITE per party, the same conf-id, token repeated, placeholder offer, MSML in INFO", {
    skip,
  }, async (t) => {
    const system = await startSystem({
      mode: "one-process",
      roles: ["sip-server", "console"],
      config: (ports) => ({
        "sip-server": { "resource-manager": `sip:127.0.0.1:${STAND_IN};transport=tcp`, "resource-events": false },
        console: { roles: [`http://127.0.0.1:${ports.httpSip}`] },
      }),
    });
    t.after(() => system.dispose());
    const standIn = new SippRunner({
      folder: system.folder,
      name: "ms",
      scenario: mediaServerStandIn(),
      port: STAND_IN,
      mediaPort: 44_000,
      transport: "tcp",
      traceMessages: true,
    });
    t.after(() => standIn.kill());
    await talk(400);
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await talk(1000);
    await call.caller.bye();
    await call.callee.ended;
    // It tells of no recorder: its last word is not waited for long.
    const byesOf = (text: string): number => received(text).filter((one) => one.startsWith("BYE ")).length;
    await until(() => byesOf(standIn.messages()) === 2, 5000);
    const messages = received(standIn.messages());
    const invites = messages.filter((text) => text.startsWith("INVITE sip:msml="));
    assert.ok(invites.length >= 2, `INVITEs: ${invites.length}\n${standIn.messages().slice(0, 4000)}`);
    const conferences = new Set(invites.map((text) => /^INVITE sip:msml=([0-9a-f]{16})@[^;\s]+;/.exec(text)?.[1]));
    assert.equal(conferences.size, 1);
    assert.ok(!conferences.has(undefined), invites[0]?.slice(0, 200));
    assert.ok(invites.every((text) => /^INVITE [^\r\n]*;record\b/.test(text)));
    assert.deepEqual(new Set(invites.map((text) => /;dn=(\d+)/.exec(text)?.[1])), new Set(["7001", "7002"]));
    assert.ok(invites.every((text) => /^X-Genesys-CallUUID: [0-9A-V]{32}\r?$/m.test(text)));
    const legB = invites.find((text) => text.includes("dn=7002"));
    assert.match(legB ?? "", /^a=inactive\r?$/m);
    assert.match(legB ?? "", /^X-Resource-Token: stand-in-7\r?$/m);
    const infos = messages.filter((text) => text.startsWith("INFO "));
    const msml = infos.join("\n");
    for (const part of ["<createconference", "<join", "<modifyconference", 'state="start"', 'state="stop"']) {
      assert.ok(msml.includes(part), `no ${part} in ${msml}`);
    }
    assert.ok(infos.every((text) => /^Content-Type: application\/msml\+xml/im.test(text)));
    const byes = messages.filter((text) => text.startsWith("BYE "));
    assert.equal(byes.length, 2, "both legs end with BYE");
    await system.stop();
  });
});

describe("Media Server with SIPp as SIP Server and as recorder", () => {
  test("R14, R19: MSML of the contract is executed; the recorder gets SIPREC, pause is a=inactive, BYE at the end", {
    skip,
  }, async (t) => {
    const system = await startSystem({
      mode: "one-process",
      roles: ["media-server", "console"],
      config: (ports) => ({
        "media-server": { "resource-manager": `sip:127.0.0.1:${STAND_IN};transport=tcp`, "resource-events": false },
        console: { roles: [`http://127.0.0.1:${ports.httpMediaServer}`] },
      }),
    });
    t.after(() => system.dispose());
    const { folder } = system;
    const recorder = new SippRunner({
      folder,
      name: "srs",
      scenario: { file: labFile("sipp/srs-uas.xml") },
      port: STAND_IN,
      mediaPort: 44_000,
      transport: "tcp",
      calls: 1,
      traceMessages: true,
    });
    t.after(() => recorder.kill());
    await talk(400);
    const conference = "55c29460000054b3";
    const remote = { host: "127.0.0.1", port: system.ports.mediaServer };
    const second = new SippRunner({
      folder,
      name: "leg-b",
      scenario: legStandIn({ conference, dn: "7002", mediaPort: 40_002, infos: [], holdMs: 6000 }),
      port: STAND_IN + 20,
      remote,
      transport: "tcp",
      calls: 1,
      traceMessages: true,
    });
    t.after(() => second.kill());
    let tagB: string | undefined;
    assert.ok(
      await until(() => {
        tagB = /^SIP\/2\.0 200[\s\S]*?^To:[^\r\n]*;tag=([a-zA-Z0-9.:_-]+)/m.exec(second.messages())?.[1];
        return tagB !== undefined;
      }, 4000),
      second.messages(),
    );
    const xml = (inner: string): string =>
      `<?xml version="1.0"?><msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">${inner}</msml>`;
    const recorderState = (state: string, more = ""): string =>
      xml(
        `<modifyconference id="conf:${conference}"><rec:recorder state="${state}"${more === "" ? "/>" : `${more}</rec:recorder>`}</modifyconference>`,
      );
    const start = `<createconference name="${conference}" deletewhen="nomedia" term="false"/>
<join id1="conn:[$tag]" id2="conf:${conference}" mark="a"/><join id1="conn:${tagB}" id2="conf:${conference}" mark="b"/>
<modifyconference id="conf:${conference}" mark="rec"><rec:recorder state="start" initial="recording" backfill-ms="35" epoch="1">
<rec:param name="id" value="stand-in-1"/><rec:param name="calluuid" value="JBNIHE6GIL09DCQ7KUREMIUHVC000001"/><rec:param name="recordDN" value="7001"/>
<rec:stream label="1" side="customer" conn="conn:[$tag]" aor="sip:7001@sidetone.local" dn="7001"/>
<rec:stream label="2" side="agent" conn="conn:${tagB}" aor="sip:7002@sidetone.local" dn="7002"/></rec:recorder></modifyconference>`;
    const first = new SippRunner({
      folder,
      name: "leg-a",
      scenario: legStandIn({
        conference,
        dn: "7001",
        mediaPort: 40_000,
        infos: [
          { body: xml(start), pauseMs: 800 },
          { body: recorderState("pause"), pauseMs: 500 },
          { body: recorderState("resume"), pauseMs: 500 },
          { body: recorderState("stop"), pauseMs: 300 },
        ],
        holdMs: 200,
      }),
      port: STAND_IN + 10,
      remote,
      transport: "tcp",
      calls: 1,
      traceMessages: true,
    });
    t.after(() => first.kill());
    const result = await first.done();
    assert.equal(result.code, 0, result.errors + first.messages().slice(-3000));
    const srs = await recorder.done();
    assert.equal(srs.code, 0, srs.errors + recorder.messages().slice(-3000));
    const messages = received(recorder.messages());
    const invites = messages.filter((text) => text.startsWith("INVITE "));
    const opening = invites[0] ?? "";
    assert.match(opening, /^INVITE sip:record=stand-in-1@[^\r\n]*calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001/);
    for (const wanted of [
      /^Require: .*siprec/im,
      /^Contact: .*\+sip\.src/im,
      /^Content-Type: multipart\/mixed/im,
      /application\/rs-metadata\+xml/,
      /^a=label:1\r?$/m,
      /^a=label:2\r?$/m,
      /^a=sendonly\r?$/m,
    ]) {
      assert.match(opening, wanted);
    }
    assert.ok(
      invites.slice(1).some((text) => /^a=inactive\r?$/m.test(text)),
      "no re-INVITE with a=inactive for the pause",
    );
    assert.ok(
      invites.slice(1).every((text) => text.includes("<datamode>complete</datamode>") || !text.includes("rs-metadata")),
    );
    assert.ok(messages.some((text) => text.startsWith("BYE ")));
    assert.equal((await second.done()).code, 0);
    await system.stop();
  });
});

/** Sends a tone to where SIPp's far side said it listens. */
async function streamTo(t: TestContext, from: number, port: number, hz: number): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(from, "127.0.0.1", resolve));
  const sender = new RtpSender(socket, tone(hz), { ssrc: from, sequence: 1, timestamp: 1000 });
  sender.sendTo({ host: "127.0.0.1", port, payloadType: 0, codec: "PCMU", eventPayloadType: undefined });
  t.after(() => {
    sender.close();
    socket.close();
  });
  return socket;
}

describe("recorder with SIPp as session recording client", () => {
  for (const transport of ["tcp", "udp"] as const) {
    test(`RFC 7866: INVITE, pause, resume, BYE over ${transport}; the file has both sides`, { skip }, async (t) => {
      const system = await startSystem({
        mode: "one-process",
        roles: ["recorder", "console"],
        config: (ports) => ({ console: { roles: [`http://127.0.0.1:${ports.httpRecorder}`] } }),
      });
      t.after(() => system.dispose());
      const ports = [40_100, 40_102] as const;
      const client = new SippRunner({
        folder: system.folder,
        name: "src",
        scenario: recordingClient({ id: "src-1", ports, talkMs: 2000, pause: true }),
        port: STAND_IN + 30,
        remote: { host: "127.0.0.1", port: system.ports.recorder },
        transport,
        calls: 1,
        traceMessages: true,
      });
      t.after(() => client.kill());
      let lines: number[] = [];
      assert.ok(
        await until(() => {
          const answer = received(client.messages()).find((text) => text.startsWith("SIP/2.0 200"));
          lines = Array.from((answer ?? "").matchAll(/^m=audio (\d+)/gm), (match) => Number(match[1]));
          return lines.length === 2;
        }, 4000),
        client.messages(),
      );
      await streamTo(t, ports[0], lines[0] ?? 0, 437);
      await streamTo(t, ports[1], lines[1] ?? 0, 1013);
      const result = await client.done();
      assert.equal(result.code, 0, result.errors + client.messages().slice(-3000));
      const answer = received(client.messages()).find((text) => text.startsWith("SIP/2.0 200")) ?? "";
      assert.match(answer, /^a=label:1\r?$/m);
      assert.match(answer, /^a=recvonly\r?$/m);
      assert.match(answer, /^Contact: .*\+sip\.srs/im);
      const [row] = await system.finishedRecordings(1);
      assert.ok(row !== undefined);
      assert.equal(row.state, "complete");
      await checkWav(await system.fetchAudio(row.id), {
        expect: { 0: 437, 1: 1013 },
        maxCrosstalkDb: -40,
        maxGapMs: 2200,
        minSeconds: 5,
        strictHeader: true,
      });
      await system.stop();
    });
  }
});

describe("a recorder that refuses", () => {
  test("486 from the recorder: the call goes through unrecorded, the ledger says why, the next call works", {
    skip,
  }, async (t) => {
    const system = await startSystem({
      mode: "one-process",
      waitFor: ["sip-server", "media-server"], // the recorder's stand-in starts below
      config: {
        "resource-manager": {
          groups: { recorders: { resources: [{ address: `sip:127.0.0.1:${STAND_IN};transport=tcp` }] } },
        },
      },
    });
    t.after(() => system.dispose());
    const recorder = new SippRunner({
      folder: system.folder,
      name: "busy",
      scenario: optionsOr(refusing("486 Busy Here")),
      port: STAND_IN,
      transport: "tcp",
      traceMessages: true,
    });
    t.after(() => recorder.kill());
    assert.ok(
      await until(async () => (await fetch(`${system.http("resource-manager")}/readyz`)).ok, 8000),
      "the stand-in is not up",
    );
    for (const _ of [1, 2]) {
      const a = await phone(t, system, "7001", { source: tone(437) });
      const b = await phone(t, system, "7002", { source: tone(1013) });
      const call = await connect(a, b);
      await hearsEachOther(call, 437, 1013);
      await call.caller.bye();
      await Promise.all([a.close(), b.close()]);
      await ledgerSays(system, "7001", "not-recorded", /^recorder-refused \(486/);
    }
    assert.equal((await system.ledger("7001")).length, 2);
    await system.stop();
  });
});

/** RM asks every resource by OPTIONS: the stand-in answers these, and anything else by the scenario. */
function optionsOr(scenario: string): string {
  const answer = `  <recv request="OPTIONS" optional="true" next="alive"/>`;
  const tail = `  <nop next="over"/>
  <label id="alive"/>
  <nop/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]O[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="over"/>
  <nop/>
</scenario>
`;
  return scenario
    .replace('  <recv request="INVITE"/>', `${answer}\n  <recv request="INVITE"/>`)
    .replace("</scenario>\n", tail);
}
