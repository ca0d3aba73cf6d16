import assert from "node:assert/strict";
import { test } from "node:test";
import { type SidetoneError, systemClock } from "@sidetone/foundation";
import { readMsml } from "@sidetone/msml";
import { answerAudio, formatSdp, type InviteSession, parseMultipart, parseSdp } from "@sidetone/sip";
import { FakeEngine } from "../test-support/fake-engine.ts";
import { config, context, endpoint, leg, portIn, rtpPacket, socket } from "../test-support/wire.ts";
import { startMediaServer } from "./index.ts";

test("over real sockets: two legs, the parties hear each other, the recorder gets both sides from before its answer", {
  timeout: 20_000,
}, async (t) => {
  const [sipServer, recorder] = [endpoint("SIP Server"), endpoint("recorder")];
  const bound = await recorder.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  await sipServer.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const sockets = await Promise.all([socket(), socket(), socket(), socket()]);
  const [phoneA, phoneB, side1, side2] = sockets;
  const role = await startMediaServer(config(`sip:127.0.0.1:${bound.port};transport=tcp`), context);
  t.after(async () => {
    await role.close();
    await Promise.all([sipServer.close(), recorder.close()]);
    for (const one of sockets) one.close();
  });
  const server = role.listening[0]?.replace("tcp://", "") ?? "";

  const recording = Promise.withResolvers<InviteSession>();
  recorder.onRequest = (tx) => {
    const session = recorder.accept(tx, { contactParams: [["+sip.srs", true]] });
    const parts = parseMultipart(tx.request.headers.get("Content-Type") ?? "", tx.request.body);
    const offer = parseSdp(parts.ok ? (parts.value[0]?.body ?? "") : "");
    assert.ok(offer.ok);
    const answer = answerAudio(offer.value, {
      address: "127.0.0.1",
      sessionId: 1,
      version: 1,
      codecs: ["PCMU"],
      port: (index) => (index === 0 ? side1.port : side2.port),
    });
    assert.ok(answer.ok);
    const body = formatSdp(answer.value.sdp);
    // The recorder takes its time: what is said meanwhile must not be lost.
    systemClock.after(150, () => session.accept({ body, contentType: "application/sdp" }));
    session.on("reinvite", (incoming) => incoming.respond(200, { body, contentType: "application/sdp" }));
    recording.resolve(session);
  };

  const a = await leg(sipServer, server, "pstn", phoneA.port);
  const b = await leg(sipServer, server, "7001", phoneB.port);
  const heard = { a: 0, b: 0, one: [] as number[], two: [] as number[] };
  phoneA.on("message", () => heard.a++);
  phoneB.on("message", () => heard.b++);
  side1.on("message", (packet) => heard.one.push(packet.readUInt16BE(2)));
  side2.on("message", (packet) => heard.two.push(packet.readUInt16BE(2)));

  const events: string[] = [];
  const started = Promise.withResolvers<void>();
  for (const { session } of [a, b]) {
    session.on("request", (incoming) => {
      incoming.respond(200);
      const read = readMsml(incoming.request.body);
      if (read.ok && read.value.kind === "event") events.push(read.value.event.name);
      if (events.at(-1) === "recorder.started") started.resolve();
    });
  }
  const conn = (session: InviteSession): string => `conn:${session.remoteTag}`;
  const msml = async (inner: string): Promise<number> => {
    const body = `<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">${inner}</msml>`;
    const response = await a.session.request("INFO", { body, contentType: "application/msml+xml" });
    const read = readMsml(response.body);
    assert.ok(read.ok && read.value.kind === "result", response.body.toString());
    return read.value.result.response;
  };
  assert.equal(
    await msml(`<createconference name="c1" term="false"/><join id1="${conn(a.session)}" id2="conf:c1"/><join id1="${conn(b.session)}" id2="conf:c1"/>
      <modifyconference id="conf:c1"><rec:recorder state="start" backfill-ms="100" epoch="1"><rec:param name="id" value="r1"/>
      <rec:stream label="1" side="customer" conn="${conn(a.session)}"/><rec:stream label="2" side="agent" conn="${conn(b.session)}"/></rec:recorder></modifyconference>`),
    200,
  );
  let sequence = 100;
  const sending = setInterval(() => {
    sequence += 1;
    phoneA.send(rtpPacket(sequence, 1), portIn(a.response.body), "127.0.0.1");
    phoneB.send(rtpPacket(sequence, 2), portIn(b.response.body), "127.0.0.1");
  }, 20);
  t.after(() => clearInterval(sending));
  await started.promise;
  await new Promise((resolve) => setTimeout(resolve, 300));
  clearInterval(sending);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const count = sequence - 100;
  assert.deepEqual([heard.a, heard.b], [count, count]);
  assert.deepEqual([heard.one.length, heard.two.length], [count, count]);
  for (const side of [heard.one, heard.two]) {
    side.forEach((value, index) =>
      assert.equal(value, ((side[0] ?? 0) + index) & 0xffff, "sequence numbers are contiguous"),
    );
  }

  assert.equal(await msml('<modifyconference id="conf:c1"><rec:recorder state="pause"/></modifyconference>'), 200);
  phoneA.send(rtpPacket(sequence + 1, 1), portIn(a.response.body), "127.0.0.1");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(heard.one.length, count, "R19: nothing is captured after the pause was answered");
  assert.match(await (await fetch(`${role.http}/metrics`)).text(), /sidetone_media_recording_sessions\{phase="up"\} 1/);
  assert.equal(await msml('<modifyconference id="conf:c1"><rec:recorder state="stop"/></modifyconference>'), 200);
  const session = await recording.promise;
  if (session.state !== "ended") await new Promise<void>((resolve) => session.on("ended", () => resolve()));
  for (let n = 0; n < 50 && events.length < 3; n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all([a.session.bye(), b.session.bye()]);
  assert.deepEqual(events, ["recorder.started", "recorder.paused", "recorder.stopped"]);
});

test("closing with calls up: BYE to every dialog", { timeout: 20_000 }, async (t) => {
  const sipServer = endpoint("SIP Server");
  await sipServer.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  t.after(() => sipServer.close());
  const role = await startMediaServer(config("sip:127.0.0.1:9;transport=tcp"), context);
  const { session } = await leg(sipServer, role.listening[0]?.replace("tcp://", "") ?? "", "7001", 4000);
  const ended = new Promise<string>((resolve) => session.on("ended", ({ by }) => resolve(by)));
  await role.close();
  assert.equal(await ended, "remote");
});

test("the media engine dies: every call ends, the role says why it cannot go on", { timeout: 20_000 }, async (t) => {
  const sipServer = endpoint("SIP Server");
  await sipServer.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const engine = new FakeEngine();
  const fatal = Promise.withResolvers<SidetoneError>();
  const role = await startMediaServer(config("sip:127.0.0.1:9;transport=tcp"), context, {
    startEngine: async () => engine,
    fatal: fatal.resolve,
  });
  t.after(() => Promise.all([role.close(), sipServer.close()]));
  const { session } = await leg(sipServer, role.listening[0]?.replace("tcp://", "") ?? "", "7001", 4000);
  const ended = new Promise<string>((resolve) => session.on("ended", ({ by }) => resolve(by)));
  engine.emit("failed", new Error("out of memory"));
  const error = await fatal.promise;
  assert.deepEqual([error.code, error.exit], ["media-engine-failed", 1]);
  assert.match(error.message, /out of memory/);
  assert.equal(await ended, "remote");
  assert.equal((await fetch(`${role.http}/readyz`)).status, 503);
});
