import assert from "node:assert/strict";
import { test } from "node:test";
import { answerLeg, offerLeg, readLegAnswer } from "./leg-sdp.ts";
import { readLegUri } from "./request-uri.ts";

const local = { address: "127.0.0.1", port: 10_000, rtcpPort: 10_001, sessionId: "1", version: 1 };
const sdp = (...media: string[]): string =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...media, ""].join("\r\n");
const audio = "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:30";

test("G.711 in the offer's order, telephone-event, ptime, address of ours", () => {
  const answer = answerLeg(sdp(audio), local, true);
  assert.ok(answer.ok);
  assert.match(answer.value.sdp, /m=audio 10000 RTP\/AVP 8 101\r\n/);
  assert.match(answer.value.sdp, /a=ptime:30/);
  assert.match(answer.value.sdp, /c=IN IP4 127\.0\.0\.1/);
  assert.deepEqual(answer.value.settings, {
    remote: { host: "192.0.2.1", port: 4000, rtcpPort: 4001 },
    codec: "PCMA",
    payloadType: 8,
    dtmfPayloadType: 101,
    sendToPhone: true,
    receiveFromPhone: true,
    ptimeMs: 30,
  });
});

test("a placeholder is answered inactive; nothing is sent, what comes is kept, no far end is known", () => {
  const answer = answerLeg(sdp(`${audio}\r\na=inactive`), local, true);
  assert.ok(answer.ok);
  assert.match(answer.value.sdp, /a=inactive/);
  const { remote, sendToPhone, receiveFromPhone } = answer.value.settings;
  assert.deepEqual([remote, sendToPhone, receiveFromPhone], [undefined, false, true]);
});

test("hold: sendonly and inactive of a known phone", () => {
  const held = answerLeg(sdp(`${audio}\r\na=sendonly`), local, false);
  assert.ok(held.ok);
  assert.deepEqual([held.value.settings.sendToPhone, held.value.settings.receiveFromPhone], [false, true]);
  const inactive = answerLeg(sdp(`${audio}\r\na=inactive`), local, false);
  assert.ok(inactive.ok);
  assert.deepEqual([inactive.value.settings.sendToPhone, inactive.value.settings.receiveFromPhone], [false, false]);
  assert.equal(inactive.value.settings.remote?.port, 4000);
});

test("RFC 2543 B.5: hold by the address 0.0.0.0 leaves the far end as it was", () => {
  const held = answerLeg(sdp(`${audio}\r\nc=IN IP4 0.0.0.0`), local, false);
  assert.ok(held.ok);
  const { remote, sendToPhone, receiveFromPhone } = held.value.settings;
  assert.deepEqual([remote, sendToPhone, receiveFromPhone], [undefined, false, true]);
});

test("RFC 3264 6: other streams are refused in place; ptime 20 where none is offered", () => {
  const answer = answerLeg(sdp("m=video 5000 RTP/AVP 96", "m=audio 4000 RTP/AVP 0"), local, true);
  assert.ok(answer.ok);
  assert.match(answer.value.sdp, /m=video 0 RTP\/AVP 96\r\nm=audio 10000 RTP\/AVP 0\r\n/);
  assert.match(answer.value.sdp, /a=ptime:20/);
});

test("no codec in common is a 488, unreadable SDP a 400", () => {
  const none = answerLeg(sdp("m=audio 4000 RTP/AVP 18"), local, true);
  assert.equal(none.ok ? 200 : none.error.status, 488);
  const bad = answerLeg("hello", local, true);
  assert.equal(bad.ok ? 200 : bad.error.status, 400);
});

test("offerless: our offer, and the answer to it", () => {
  assert.match(offerLeg({ ...local, rtcpPort: 9 }), /a=rtcp:9\r\n/);
  const settings = readLegAnswer(sdp("m=audio 4000 RTP/AVP 8\r\na=recvonly"));
  assert.ok(settings.ok);
  assert.deepEqual(
    [settings.value.codec, settings.value.sendToPhone, settings.value.receiveFromPhone],
    ["PCMA", true, false],
  );
  assert.equal(readLegAnswer(sdp("m=audio 0 RTP/AVP 8")).ok, false);
});

test("R11: the Request-URI of a leg", () => {
  assert.deepEqual(readLegUri("sip:msml=55c29460000054b3@127.0.0.1:5080;dn=7001;record"), {
    confId: "55c29460000054b3",
    dn: "7001",
    record: true,
  });
  assert.deepEqual(readLegUri("sip:msml=c1@h;transport=tcp"), { confId: "c1", dn: undefined, record: false });
  for (const other of ["sip:record=1@h", "sip:h", "sip:msml=@h", "sip:msml=a%20b@h", "tel:+1"])
    assert.equal(readLegUri(other), undefined, other);
});
