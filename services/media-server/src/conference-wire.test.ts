import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@sidetone/foundation";
import {
  type MsmlEvent,
  type MsmlOperation,
  type MsmlResult,
  readMsml,
  type RecorderStream,
  writeMsml,
  playOf,
} from "@sidetone/msml";
import { answerAudio, formatSdp, type InviteSession, parseMultipart, parseSdp } from "@sidetone/sip";
import { readMetadata } from "@sidetone/siprec";
import { config, context, endpoint, leg, portIn, rtpPacket, socket } from "../test-support/wire.ts";
import { startMediaServer } from "./index.ts";

const none = { params: new Map<string, string>(), userParams: new Map<string, string>() };

test("R26, R28: over real sockets: a third party joins, one leaves, music is played; one recording stream a side throughout", {
  timeout: 30_000,
}, async (t) => {
  const [sipServer, recorder] = [endpoint("SIP Server"), endpoint("recorder")];
  const bound = await recorder.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  await sipServer.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const [phones, sides] = [await Promise.all([socket(), socket(), socket()]), await Promise.all([socket(), socket()])];
  const role = await startMediaServer(config(`sip:127.0.0.1:${bound.port};transport=tcp`), context);
  t.after(async () => {
    await role.close();
    await Promise.all([sipServer.close(), recorder.close()]);
    for (const one of [...phones, ...sides]) one.close();
  });

  const told: number[] = [];
  recorder.onRequest = (tx) => {
    const session = recorder.accept(tx, { contactParams: [["+sip.srs", true]] });
    const partsOf = (type: string | undefined, body: Buffer): readonly { readonly body: Buffer }[] => {
      const parts = parseMultipart(type ?? "", body);
      return parts.ok ? parts.value : [];
    };
    const answerTo = (type: string | undefined, body: Buffer): string => {
      const [sdp, metadata] = partsOf(type, body);
      const offer = parseSdp(sdp?.body ?? "");
      assert.ok(offer.ok);
      const port = (index: number): number => sides[index]?.port ?? 0;
      const answer = answerAudio(offer.value, {
        address: "127.0.0.1",
        sessionId: 1,
        version: 1,
        codecs: ["PCMU"],
        port,
      });
      assert.ok(answer.ok);
      const read = readMetadata(metadata?.body ?? "");
      assert.ok(read.ok);
      assert.deepEqual(read.value.warnings, []);
      const here = read.value.metadata.participantSessions.filter(
        ({ disassociateTime }) => disassociateTime === undefined,
      );
      told.push(here.length);
      return formatSdp(answer.value.sdp);
    };
    const contentType = "application/sdp";
    session.accept({ body: answerTo(tx.request.headers.get("Content-Type"), tx.request.body), contentType });
    session.on("reinvite", (incoming) => {
      const { headers, body } = incoming.request;
      incoming.respond(200, { body: answerTo(headers.get("Content-Type"), body), contentType });
    });
  };
  const recorded = sides.map((side) => {
    const packets: Buffer[] = [];
    side.on("message", (packet) => packets.push(packet));
    return packets;
  });
  const heard = phones.map((phone) => {
    const packets: Buffer[] = [];
    phone.on("message", (packet) => packets.push(packet));
    return packets;
  });

  const server = role.listening[0]?.replace("tcp://", "") ?? "";
  const legs: { session: InviteSession; port: number }[] = [];
  for (const [index, { port }] of phones.entries()) {
    const { session, response } = await leg(sipServer, server, `700${index}`, port);
    legs.push({ session, port: portIn(response.body) });
  }
  const [a, b, c] = legs;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const events: MsmlEvent[] = [];
  for (const { session } of legs) {
    session.on("request", (incoming) => {
      incoming.respond(200);
      const read = readMsml(incoming.request.body);
      if (read.ok && read.value.kind === "event") events.push(read.value.event);
    });
  }
  const until = async (done: () => boolean, what: string): Promise<void> => {
    const end = systemClock.now() + 8_000;
    while (!done()) {
      assert.ok(systemClock.now() < end, `timed out: ${what}`);
      await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)));
    }
  };
  const msml = async (...operations: MsmlOperation[]): Promise<MsmlResult> => {
    const body = writeMsml({ kind: "request", operations });
    const response = await a.session.request("INFO", { body, contentType: "application/msml+xml" });
    const read = readMsml(response.body);
    assert.ok(read.ok && read.value.kind === "result");
    assert.equal(read.value.result.response, 200, read.value.result.description);
    return read.value.result;
  };
  const conn = ({ session }: (typeof legs)[number]): `conn:${string}` => `conn:${session.remoteTag}`;
  const join = (one: (typeof legs)[number]): MsmlOperation => ({
    op: "join",
    id1: conn(one),
    id2: "conf:c1",
    streams: [],
  });
  const streams = (...agents: (typeof legs)[number][]): RecorderStream[] => [
    { label: "1", side: "customer", conn: conn(a), aor: "sip:customer@example" },
    ...agents.map((one): RecorderStream => {
      return { label: "2", side: "agent", conn: conn(one), aor: `sip:${one.port}@example`, dn: String(one.port) };
    }),
  ];

  let sequence = 0;
  const sending = setInterval(() => {
    sequence += 1;
    phones.forEach((phone, index) => phone.send(rtpPacket(sequence, 16 + index), legs[index]?.port ?? 0, "127.0.0.1"));
  }, 20);
  t.after(() => clearInterval(sending));

  await msml({ op: "createconference", name: "c1", deleteWhen: "nomedia", term: false }, join(a), join(b), {
    op: "modifyconference",
    id: "conf:c1",
    recorder: { state: "start", ...none, streams: streams(b) },
  });
  const frames = (): number => recorded[1]?.length ?? 0;
  await until(() => frames() > 10, "a recording of two");
  await msml(join(c), {
    op: "modifyconference",
    id: "conf:c1",
    recorder: { state: "update", ...none, streams: streams(b, c) },
  });
  const mixedFrom = frames();
  await until(() => frames() > mixedFrom + 30, "a recording of three");
  // What a hears of both is louder than either: codes of µ-law fall with the level.
  const loud = 16 - 8;
  await until(() => (heard[0] ?? []).some((packet) => (packet[80] ?? 255) < loud), "the mix");
  await msml({ op: "modifyconference", id: "conf:c1", recorder: { state: "update", ...none, streams: streams(c) } });
  await b.session.bye();
  const aloneFrom = frames();
  await until(() => frames() > aloneFrom + 10, "a recording of two again");

  const { dialogIds } = await msml({
    op: "dialogstart",
    target: conn(a),
    name: "moh",
    content: {
      kind: "inline",
      script: [playOf(["file:///please-wait.wav"], { iterate: -1, maxTimeMs: 700, capture: true })],
    },
  });
  assert.deepEqual(dialogIds, [`${conn(a)}/dialog:moh`]);
  await until(() => events.some(({ name }) => name === "msml.dialog.exit"), "the end of the prompt");
  const exit = events.find(({ name }) => name === "msml.dialog.exit");
  assert.deepEqual(
    [exit?.id, exit?.values],
    [
      dialogIds[0],
      [
        ["play.amt", "700ms"],
        ["play.end", "play.terminated"],
      ],
    ],
  );
  const afterPrompt = frames();
  await until(() => frames() > afterPrompt + 10, "the recording after the prompt");
  clearInterval(sending);

  assert.deepEqual(told, [2, 3, 2], "who was there, as the recorder was told");
  for (const packets of recorded) {
    const first = packets[0]?.readUInt16BE(2) ?? 0;
    assert.ok(packets.length > 50);
    packets.forEach((packet, index) => assert.equal(packet.readUInt16BE(2), (first + index) & 0xffff));
    assert.equal(new Set(packets.map((packet) => packet.readUInt32BE(8))).size, 1, "one SSRC");
  }
  await Promise.all([a.session.bye(), c.session.bye()]);
});
