import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSdp, Headers, parseSdp, SipRequest } from "@sidetone/sip";
import { answerOffer, readOffer } from "./answer.ts";
import { channelsOf } from "./channels.ts";
import { readSessionBody } from "./session-body.ts";
import { readIdentity } from "./session-request.ts";

const offer = (lines: string): ReturnType<typeof readOffer> => {
  const sdp = parseSdp(
    `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n${lines.replaceAll("\n", "\r\n")}`,
  );
  if (!sdp.ok) throw new Error(sdp.error);
  return readOffer(sdp.value);
};

const request = (uri: string, contentType: string, body: string, extra: [string, string][] = []): SipRequest =>
  new SipRequest("INVITE", uri, Headers.of([["Content-Type", contentType], ...extra]), Buffer.from(body));

test("B.3 3: every payload type that we can receive is answered, labels and rtcp-mux come back, the rest is refused in its place", () => {
  const text =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n" +
    "m=audio 4000 RTP/AVP 111 8 0 13 101\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=label:16777227\r\na=rtcp-mux\r\na=sendonly\r\n" +
    "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n" +
    "m=audio 4004 RTP/AVP 0\r\na=label:16777228\r\na=inactive\r\n";
  const sdp = parseSdp(text);
  assert.ok(sdp.ok);
  const lines = readOffer(sdp.value);
  const answer = formatSdp(
    answerOffer(
      sdp.value,
      lines,
      new Map([
        [0, 30_000],
        [2, 30_002],
      ]),
      { address: "10.0.0.9", sessionId: 1, version: 1 },
    ),
  );
  assert.match(answer, /m=audio 30000 RTP\/AVP 8 0 13 101\r\n/);
  assert.match(answer, /m=video 0 RTP\/AVP 99\r\n/);
  assert.match(answer, /m=audio 30002 RTP\/AVP 0\r\n/);
  assert.match(answer, /a=label:16777227[^]*a=rtcp-mux[^]*a=recvonly[^]*a=label:16777228[^]*a=inactive/);
});

test("BroadWorks, Metaswitch: hold by c=0.0.0.0 is a pause; no rtpmap is no obstacle", () => {
  const [line] = offer("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
  assert.equal(line?.paused, true);
  assert.equal(line?.taken, true);
  assert.equal(line?.remote, undefined);
});

test("G.711 and G.722 over plain RTP are taken", () => {
  assert.equal(offer("m=audio 4000 RTP/SAVP 0\n")[0]?.taken, false);
  assert.equal(offer("m=audio 4000 RTP/AVP 9\n")[0]?.taken, true);
  assert.equal(offer("m=audio 4000 RTP/AVP 18\n")[0]?.taken, false);
  assert.equal(offer("m=audio 4000 RTP/AVP 13 101\n")[0]?.taken, false);
  assert.equal(offer("m=audio 0 RTP/AVP 0\n")[0]?.taken, false);
});

test("R26: label 1 is left, label 2 right, in whatever order they come; a third stream is a mix", () => {
  assert.deepEqual(channelsOf(["1", "2"], undefined), [0, 1]);
  assert.deepEqual(channelsOf(["2", "1"], undefined), [1, 0]);
  assert.deepEqual(channelsOf(["0", "1"], undefined), [0, 1]);
  assert.deepEqual(channelsOf(["10", "20", "30"], undefined), [0, 1, undefined]);
  assert.deepEqual(channelsOf([undefined], undefined, 1), [1]);
});

test("identity: Request-URI, then headers; generic parameters without the dialect's own", () => {
  const read = readIdentity(
    request("sip:record=abc@h;calluuid=U;dn=7001;copy=2;epoch=5;name1=value%201", "application/sdp", "", [
      ["X-Customer", "77"],
      ["X-Resource-Token", "t"],
    ]),
    undefined,
  );
  assert.equal(read.recordingId, "abc");
  assert.deepEqual([read.copy, read.epoch, read.callUuid], [2, 5, "U"]);
  assert.deepEqual(read.parameters, { name1: "value 1", Customer: "77", dn: "7001" });
});

test("R8: `.` and `..` are path segments that no URL keeps: such a recording gets an id of ours", () => {
  for (const id of [".", "..", "%2e", "%2E."]) {
    const read = readIdentity(request(`sip:record=${id}@h;calluuid=U;dn=7001`, "application/sdp", ""), undefined);
    assert.equal(read.recordingId, undefined, id);
    assert.match(read.refusedId ?? "", /^\.{1,2}$/);
    assert.equal(read.callUuid, "U");
  }
  for (const id of ["...", ".a", "a..b"]) {
    const read = readIdentity(request(`sip:record=${id}@h`, "application/sdp", ""), undefined);
    assert.deepEqual([read.recordingId, read.refusedId], [id, undefined]);
  }
});

test("bad metadata never cost the audio; bad SDP is said", () => {
  const sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
  const body = `--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b\r\nContent-Type: application/rs-metadata\r\n\r\nno markup at all\r\n--b--\r\n`;
  const read = readSessionBody(request("sip:srs@h", "multipart/mixed;boundary=b", body));
  assert.ok(read.ok);
  assert.equal(read.value.offer?.media.length, 1);
  assert.equal(read.value.carried?.warnings[0]?.code, "metadata-not-understood");
  assert.equal(read.value.carried?.metadata, undefined);
  assert.equal(readSessionBody(request("sip:srs@h", "application/sdp", "hello")).ok, false);
});
