import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { torturePath } from "../../test-data/rfc4475.ts";
import { parseMessage } from "../message/index.ts";
import {
  answerAudio,
  audioOffer,
  codecs,
  direction,
  formatSdp,
  label,
  multiAudioOffer,
  OfferAnswer,
  parseSdp,
  PCMA,
  PCMU,
  remoteEndpoint,
  setDirection,
  TELEPHONE_EVENT,
} from "./index.ts";
import type { Direction, Sdp } from "./index.ts";

const PHONE = [
  "v=0",
  "o=alice 2890844526 2890844526 IN IP4 192.0.2.1",
  "s=-",
  "i=x",
  "c=IN IP4 192.0.2.1",
  "b=AS:64",
  "t=0 0",
  "a=tool:x y:z",
  "a=sendonly",
  "m=audio 49170 RTP/AVP 18 8 0 96 101",
  "i=line",
  "c=IN IP4 192.0.2.2",
  "a=rtpmap:96 opus/48000/2",
  "a=fmtp:96 useinbandfec=1",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-15",
  "a=label:7",
  "a=ptime:20",
  "m=video 51372 RTP/AVP 31",
  "a=rtpmap:31 H261/90000",
  "",
].join("\r\n");

function read(text: string): Sdp {
  const sdp = parseSdp(text);
  assert.ok(sdp.ok, sdp.ok ? "" : sdp.error);
  return sdp.value;
}

function audio(sdp: Sdp) {
  const [media] = sdp.media;
  assert.ok(media !== undefined);
  return media;
}

test("RFC 8866 5: what is read and written is the same, unknown lines included", () => {
  assert.equal(formatSdp(read(PHONE)), PHONE);
  assert.equal(formatSdp(read(PHONE.replaceAll("\r\n", "\n"))), PHONE);
});

test("RFC 3551 6: static payload types need no rtpmap; names are upper case", () => {
  const found = codecs(audio(read(PHONE)));
  assert.deepEqual(
    found.map((c) => c.name),
    ["G729", "PCMA", "PCMU", "OPUS", "TELEPHONE-EVENT"],
  );
  assert.deepEqual(found[3], { payloadType: 96, name: "OPUS", clockRate: 48_000, channels: 2, fmtp: "useinbandfec=1" });
});

test("RFC 3264 5.1: direction is the stream's, else the session's, else sendrecv; zeros are the old hold", () => {
  const sdp = read(PHONE);
  const media = audio(sdp);
  assert.equal(direction(media, sdp), "sendonly");
  setDirection(media, "inactive");
  assert.equal(direction(media, sdp), "inactive");
  setDirection(media, "sendrecv");
  assert.equal(media.attributes.filter((a) => a.name === "inactive").length, 0);
  media.connection = { netType: "IN", addrType: "IP4", address: "0.0.0.0" };
  assert.equal(direction(media, sdp), "sendonly");
});

test("RFC 3605, RFC 5761: where RTCP goes", () => {
  const sdp = read(PHONE);
  const media = audio(sdp);
  assert.deepEqual(remoteEndpoint(media, sdp), { host: "192.0.2.2", port: 49_170, rtcpPort: 49_171 });
  media.attributes.push({ name: "rtcp", value: "5000 IN IP4 192.0.2.9" });
  assert.equal(remoteEndpoint(media, sdp)?.rtcpPort, 5_000);
  media.attributes.push({ name: "rtcp-mux" });
  assert.equal(remoteEndpoint(media, sdp)?.rtcpPort, 49_170);
  media.port = 0;
  assert.equal(remoteEndpoint(media, sdp), undefined);
  assert.equal(label(media), "7");
});

const ours = { address: "10.0.0.1", sessionId: 1, version: 1, codecs: ["PCMU", "PCMA", "TELEPHONE-EVENT"] };

test("RFC 3264 6: the answer keeps the m= lines in order, refuses what it lacks, and takes our first codec in common", () => {
  const answer = answerAudio(read(PHONE), { ...ours, port: 4000 });
  assert.ok(answer.ok);
  const [voice, video] = answer.value.sdp.media;
  assert.deepEqual(
    [voice?.port, voice?.formats, video?.kind, video?.port, video?.formats],
    [4000, ["0", "101"], "video", 0, ["31"]],
  );
  assert.deepEqual(
    answer.value.chosen.map((c) => [c.accepted, c.codec?.name, c.event?.payloadType, c.direction, c.label]),
    [
      [true, "PCMU", 101, "recvonly", "7"],
      [false, undefined, undefined, "inactive", undefined],
    ],
  );
  assert.ok(formatSdp(answer.value.sdp).includes("a=label:7\r\n"));
});

test("RFC 3264 6.1: the answer never allows more than the offer", () => {
  const may: Record<Direction, Record<Direction, Direction>> = {
    sendrecv: { sendrecv: "sendrecv", sendonly: "sendonly", recvonly: "recvonly", inactive: "inactive" },
    sendonly: { sendrecv: "recvonly", sendonly: "inactive", recvonly: "recvonly", inactive: "inactive" },
    recvonly: { sendrecv: "sendonly", sendonly: "sendonly", recvonly: "inactive", inactive: "inactive" },
    inactive: { sendrecv: "inactive", sendonly: "inactive", recvonly: "inactive", inactive: "inactive" },
  };
  for (const offered of Object.keys(may) as Direction[]) {
    for (const wanted of Object.keys(may) as Direction[]) {
      const offer = audioOffer({ address: "h", port: 2, codecs: [PCMU], sessionId: 1, version: 1, direction: offered });
      const answer = answerAudio(offer, { ...ours, port: 4000, direction: wanted });
      assert.ok(answer.ok);
      assert.equal(direction(audio(answer.value.sdp)), may[offered][wanted], `${offered}/${wanted}`);
    }
  }
});

test("RFC 7866 7.1: each labelled stream of a recording session gets a port of its own", () => {
  const streams = ["1", "2"].map((l, i) => ({
    port: 3000 + 2 * i,
    codecs: [PCMU, PCMA, TELEPHONE_EVENT],
    label: l,
    direction: "sendonly" as const,
  }));
  const offer = read(formatSdp(multiAudioOffer({ address: "::1", sessionId: 5, version: 1 }, streams)));
  assert.equal(offer.connection?.addrType, "IP6");
  const answer = answerAudio(offer, { ...ours, port: (index) => 5000 + 2 * index, direction: "recvonly" });
  assert.ok(answer.ok);
  assert.deepEqual(
    answer.value.chosen.map((c) => [c.label, c.direction, c.remote?.port]),
    [
      ["1", "recvonly", 3000],
      ["2", "recvonly", 3002],
    ],
  );
  assert.deepEqual(
    answer.value.sdp.media.map((m) => m.port),
    [5000, 5002],
  );
});

test("an offer without a codec in common is an error (488)", () => {
  assert.equal(answerAudio(read(PHONE), { ...ours, port: 1, codecs: ["SPEEX"] }).ok, false);
});

test("RFC 3261 14.2: crossed offers are 491, a second one before the answer is 500 with Retry-After", () => {
  const state = new OfferAnswer({ random: () => Uint8Array.of(14) });
  assert.ok(state.localOffer().ok);
  assert.deepEqual(state.remoteOffer(), { ok: false, status: 491 });
  assert.equal(state.localOffer().ok, false);
  assert.ok(state.remoteAnswer().ok);
  assert.equal(state.remoteAnswer().ok, false);
  assert.ok(state.remoteOffer().ok);
  assert.deepEqual(state.remoteOffer(), { ok: false, status: 500, retryAfterS: 3 });
  assert.ok(state.localAnswer().ok);
  assert.equal(state.state, "stable");
  state.localOffer();
  state.rejected();
  assert.equal(state.state, "stable");
});

test("RFC 4475, RFC 5118: the descriptions of the torture messages are read", () => {
  for (const [set, file] of [
    ["rfc4475", "wsinv.dat"],
    ["rfc4475", "esc01.dat"],
    ["rfc5118", "ipv6-in-sdp.dat"],
    ["rfc5118", "mult-ip-in-sdp.dat"],
  ] as const) {
    const message = parseMessage(readFileSync(torturePath(set, file)));
    assert.ok(message.ok);
    assert.ok(parseSdp(message.value.body).ok, file);
  }
});

for (const text of [
  "",
  "x",
  "v=1\r\n",
  "v=0\r\n",
  "v=0\r\no=a b c\r\n",
  "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio x RTP/AVP 0\r\n",
  "v=0\r\no=- 1 1 IN IP4 h\r\nc=IN\r\n",
]) {
  test(`RFC 8866 5: ${JSON.stringify(text)} is refused`, () => assert.equal(parseSdp(text).ok, false));
}

test("property: no text makes the reader throw, and what it reads it writes stably", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...PHONE.split("\r\n"), "a=", "a=:", "c=IN IP4", "=", "m=audio 1/2 x", "z=1"), {
        maxLength: 30,
      }),
      (lines) => {
        const first = parseSdp(`v=0\r\no=- 1 1 IN IP4 h\r\n${lines.join("\r\n")}`);
        if (!first.ok) return;
        const text = formatSdp(first.value);
        const second = parseSdp(text);
        assert.ok(second.ok);
        assert.equal(formatSdp(second.value), text);
      },
    ),
  );
});
