import assert from "node:assert/strict";
import type { Socket } from "node:dgram";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RunningRole } from "@sidetone/foundation";
import { answerAudio, formatSdp, type InviteSession, parseMultipart, parseSdp, type SipEndpoint } from "@sidetone/sip";
import { PlainClient } from "../test-support/plain-client.ts";
import { config, context, endpoint, portIn, rtpPacket, socket } from "../test-support/wire.ts";
import { startMediaServer } from "./index.ts";

const dialog = (target: string, inner: string, name = "d"): string =>
  `<dialogstart target="${target}" name="${name}" type="application/moml+xml">${inner}</dialogstart>`;

/** A recorder that takes every session. Its sessions, and the packets that came to each side. */
function recorderOn(
  sip: SipEndpoint,
  sides: readonly { port: number }[],
): { sessions: InviteSession[]; metadata: string[] } {
  const sessions: InviteSession[] = [];
  const metadata: string[] = [];
  sip.onRequest = (tx) => {
    if (tx.request.method !== "INVITE") return tx.respond(200);
    const session = sip.accept(tx, { contactParams: [["+sip.srs", true]] });
    const answer = (contentType: string, bytes: Buffer): string => {
      const parts = parseMultipart(contentType, bytes);
      assert.ok(parts.ok);
      metadata.push(String(parts.value[1]?.body ?? ""));
      const offer = parseSdp(parts.value[0]?.body ?? "");
      assert.ok(offer.ok);
      const answered = answerAudio(offer.value, {
        address: "127.0.0.1",
        sessionId: 1,
        version: sessions.length + metadata.length,
        codecs: ["PCMU"],
        port: (index) => sides[index]?.port ?? 9,
      });
      assert.ok(answered.ok);
      return formatSdp(answered.value.sdp);
    };
    sessions.push(session);
    session.on("reinvite", (incoming) => {
      const { headers, body } = incoming.request;
      incoming.respond(200, { body: answer(headers.get("Content-Type") ?? "", body), contentType: "application/sdp" });
    });
    const { headers, body } = tx.request;
    session.accept({ body: answer(headers.get("Content-Type") ?? "", body), contentType: "application/sdp" });
  };
  return { sessions, metadata };
}

/** Sends 20 ms after 20 ms of one octet, until it is stopped. */
function talk(from: Socket, to: number, fill: number): () => void {
  let sequence = 0;
  const timer = setInterval(() => from.send(rtpPacket(++sequence, fill), to, "127.0.0.1"), 20);
  return () => clearInterval(timer);
}

async function running(
  t: { after(run: () => unknown): void },
  more: object = {},
): Promise<{
  role: RunningRole;
  server: string;
  recorder: SipEndpoint;
}> {
  const recorder = endpoint("recorder");
  const bound = await recorder.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const role = await startMediaServer({ ...config(`sip:127.0.0.1:${bound.port};transport=tcp`), ...more }, context);
  t.after(() => Promise.all([role.close(), recorder.close()]));
  return { role, server: role.listening[0]?.replace("tcp://", "") ?? "", recorder };
}

test("RFC 5707 over plain SIP: a conference is recorded by a dialog, paused, resumed and ended by events; rec: drives the same recorder", {
  timeout: 60_000,
}, async (t) => {
  const { server, recorder } = await running(t);
  const sockets = await Promise.all([socket(), socket(), socket(), socket()]);
  const [phoneA, phoneB, side1, side2] = sockets;
  const { sessions, metadata } = recorderOn(recorder, [side1, side2]);
  const [a, b] = [await PlainClient.connect(server), await PlainClient.connect(server)];
  const portA = portIn(Buffer.from(await a.invite(phoneA.port)));
  const portB = portIn(Buffer.from(await b.invite(phoneB.port)));
  const heard = { one: 0, two: 0 };
  side1.on("message", () => heard.one++);
  side2.on("message", () => heard.two++);
  const stops = [talk(phoneA, portA, 1), talk(phoneB, portB, 2)];
  t.after(() => {
    for (const stop of stops) stop();
    for (const client of [a, b]) client.close();
    for (const one of sockets) one.close();
  });

  const started = await a.msml(
    `<createconference name="c"/><join id1="${a.conn}" id2="conf:c"/><join id1="${b.conn}" id2="conf:c"/>${dialog(
      "conf:c",
      `<record dest="sip:recorder@127.0.0.1:5090" format="audio/wav;codecs=mulaw" maxtime="60s">
         <recordexit><send target="source" event="done" namelist="record.len record.end record.recordid"/></recordexit>
       </record>`,
      "rec",
    )}`,
  );
  assert.equal(started.code, 200, started.body);
  while (heard.one < 20 || heard.two < 20) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.match(metadata[0] ?? "", /recording/);

  // RFC 5707 9.7.4 and `rec:` are two ways to one recorder.
  assert.equal((await a.msml('<send event="pause" target="conf:c/dialog:rec/record"/>')).code, 200);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const paused = { ...heard };
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(heard, paused, "nothing is captured in a pause");
  assert.equal((await a.msml('<send event="resume" target="conf:c/dialog:rec/record"/>')).code, 200);
  while (heard.one < paused.one + 5) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(
    (await a.msml('<modifyconference id="conf:c"><rec:recorder state="pause"/></modifyconference>')).code,
    200,
  );
  const again = { ...heard };
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(heard.one - again.one <= 2, "rec:recorder paused what the dialog had begun");
  const second = await a.msml(
    `<modifyconference id="conf:c"><rec:recorder state="start"><rec:stream label="1" side="customer" conn="${a.conn}"/></rec:recorder></modifyconference>`,
  );
  assert.equal(second.code, 431, "a conference has one recorder");
  assert.equal(sessions.length, 1);
  assert.equal(
    (await a.msml('<modifyconference id="conf:c"><rec:recorder state="resume"/></modifyconference>')).code,
    200,
  );

  assert.equal((await a.msml('<send event="terminate.done" target="conf:c/dialog:rec"/>')).code, 200);
  const done = await a.event('name="done"');
  assert.match(done, /record\.len<\/name><value>[0-9]+ms</);
  assert.match(done, /<value>terminate\.done</);
  const exit = await a.event('name="msml.dialog.exit"');
  assert.ok(a.events.indexOf(done) < a.events.indexOf(exit), "the application's event comes before the exit");
  assert.match(exit, /id="conf:c\/dialog:rec"/);
  const [session] = sessions;
  assert.ok(session !== undefined);
  if (session.state !== "ended") await new Promise<void>((resolve) => session.on("ended", () => resolve()));
  await Promise.all([a.bye(), b.bye()]);
});

test("RFC 5707 13.5 over plain SIP: play and collect, keys by telephone-event; every accepted type, and 415 for others", {
  timeout: 60_000,
}, async (t) => {
  const { server } = await running(t);
  const phone = await socket();
  const client = await PlainClient.connect(server);
  const port = portIn(Buffer.from(await client.invite(phone.port)));
  t.after(() => {
    client.close();
    phone.close();
  });
  let heard = 0;
  phone.on("message", (packet) => {
    if (packet.length > 160) heard++;
  });
  const audit = `<msml version="1.1"><audit queryid="conn:*"/></msml>`;
  for (const type of [
    "application/msml+xml",
    "application/vnd.radisys.msml+xml",
    "application/xml",
    "Application/MSML+xml;charset=utf-8",
  ]) {
    const { start, body } = await client.info(audit, type);
    assert.match(`${start} ${body}`, new RegExp(`200.*response="200".*targetid="${client.conn}"`, "s"), type);
  }
  const refused = await client.info(audit, "text/plain");
  assert.match(refused.start, /^SIP\/2\.0 415/);
  assert.match(refused.headers.get("accept") ?? "", /application\/msml\+xml/);

  const started = await client.msml(
    dialog(
      client.conn,
      `<collect fdt="10s" idt="4s"><play barge="true"><audio uri="file://music.wav"/></play>
        <pattern digits="xx#"><send target="source" event="done" namelist="dtmf.digits dtmf.end play.end"/></pattern>
        <noinput><send target="source" event="nothing" namelist="dtmf.end"/></noinput></collect>`,
    ),
  );
  assert.equal(started.code, 200, started.body);
  while (heard < 10) await new Promise((resolve) => setTimeout(resolve, 20));
  let sequence = 5000;
  for (const [index, key] of [4, 2, 11].entries()) {
    for (let n = 0; n < 8; n++) {
      const packet = Buffer.alloc(16);
      packet[0] = 0x80;
      packet[1] = 101 | (n === 0 ? 0x80 : 0);
      packet.writeUInt16BE(++sequence, 2);
      packet.writeUInt32BE(800_000 + index * 8000, 4);
      packet.writeUInt32BE(7, 8);
      packet[12] = key;
      packet[13] = n >= 5 ? 0x8a : 0x0a;
      packet.writeUInt16BE(Math.min(n + 1, 6) * 160, 14);
      phone.send(packet, port, "127.0.0.1");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const done = await client.event('name="done"');
  assert.match(done, /dtmf\.digits<\/name><value>42#</);
  assert.match(done, /play\.end<\/name><value>terminate</);
  await client.event("msml.dialog.exit");
  await client.bye();
});

test("RFC 5707 9.6.5, 9.7.2, 9.7.3 over plain SIP: tones and keys, then disconnect: the event, the exit, BYE", {
  timeout: 60_000,
}, async (t) => {
  const { server } = await running(t);
  const phone = await socket();
  const client = await PlainClient.connect(server);
  await client.invite(phone.port);
  t.after(() => {
    client.close();
    phone.close();
  });
  const kinds = { audio: 0, keys: 0 };
  phone.on("message", (packet) => {
    if ((packet[1] ?? 0) % 128 === 101) kinds.keys++;
    else kinds.audio++;
  });
  const started = await client.msml(
    dialog(
      client.conn,
      `<tonegen><tone duration="200ms"><tone1 freq="440" atten="-10"/></tone></tonegen><dtmfgen digits="12"/>
       <disconnect namelist="tonegen.end dtmfgen.end"/>`,
    ),
  );
  assert.equal(started.code, 200, started.body);
  const gone = await client.event('name="moml.disconnect"');
  assert.match(gone, /tonegen\.complete.*dtmfgen\.complete/s);
  await client.event("BYE");
  const names = client.events.map((body) => /event name="([^"]+)"/.exec(body)?.[1] ?? body);
  assert.deepEqual(names, ["moml.disconnect", "msml.dialog.exit", "BYE"]);
  assert.ok(kinds.audio >= 8 && kinds.keys >= 4, JSON.stringify(kinds));
});

test("RFC 5707 9.7.4 over plain SIP: to a file where the configuration has a folder; a pause shortens it; elsewhere 410", {
  timeout: 60_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sidetone-record-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { server } = await running(t, { recordFolder: folder });
  const phone = await socket();
  const client = await PlainClient.connect(server);
  const port = portIn(Buffer.from(await client.invite(phone.port)));
  const stop = talk(phone, port, 0x55);
  t.after(() => {
    stop();
    client.close();
    phone.close();
  });
  const record = (dest: string): string =>
    dialog(client.conn, `<record dest="${dest}" format="audio/wav;codecs=mulaw" maxtime="10s"/>`);
  for (const dest of [
    "file:///../x.wav",
    "file:///x.txt",
    "file:///a/%2e%2e/x.wav",
    "http://127.0.0.1/x.wav",
    "file://host/x.wav",
  ]) {
    assert.equal((await client.msml(record(dest))).code, 410, dest);
  }
  assert.equal((await client.msml(record("file:///sub/x.wav"))).code, 200);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await client.msml(`<send event="pause" target="${client.conn}/dialog:d/record"/>`)).code, 200);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await client.msml(`<send event="terminate" target="${client.conn}/dialog:d"/>`)).code, 200);
  const exit = await client.event("msml.dialog.exit");
  const ms = Number(/record\.len<\/name><value>([0-9]+)ms/.exec(exit)?.[1]);
  assert.ok(ms > 200 && ms < 1400, exit);
  const wav = await readFile(join(folder, "sub", "x.wav"));
  assert.ok(wav.length > ms * 8 && wav.length < ms * 8 + 600, `${wav.length} octets for ${ms} ms`);
  assert.ok(wav.filter((octet) => octet === 0x55).length > ms * 2, "what was said");
  await client.bye();
  const plain = await running(t);
  const other = await PlainClient.connect(plain.server);
  await other.invite(phone.port);
  assert.equal((await other.msml(record("file:///x.wav").replace(client.conn, other.conn))).code, 410);
  await other.bye();
});
