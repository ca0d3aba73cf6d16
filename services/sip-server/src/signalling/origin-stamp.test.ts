import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSdp } from "@sidetone/sip";
import { OriginStamp } from "./origin-stamp.ts";
import {
  audioDirection,
  canAnchor,
  inactiveAnswer,
  placeholderOffer,
  withCodecsOf,
  withDirection,
} from "./sdp-direction.ts";

function sdp(over: { origin?: string; formats?: string; lines?: string[] } = {}): Buffer {
  const lines = [
    "v=0",
    over.origin ?? "o=phone 11 22 IN IP4 10.0.0.1",
    "s=-",
    "c=IN IP4 10.0.0.1",
    "t=0 0",
    `m=audio 4000 RTP/AVP ${over.formats ?? "0 8 101"}`,
    "a=rtpmap:101 telephone-event/8000",
    ...(over.lines ?? []),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n`);
}

function origin(body: Buffer): { sessionId: string; sessionVersion: string } {
  const parsed = parseSdp(body);
  assert.ok(parsed.ok);
  return parsed.value.origin;
}

test("RFC 3264 8: on one dialog the origin stays, the version rises only when the rest changes", () => {
  const stamp = new OriginStamp("77", "127.0.0.1");
  const first = origin(stamp.stamp(sdp()));
  const same = origin(stamp.stamp(sdp({ origin: "o=other 1 9 IN IP4 10.9.9.9" })));
  const changed = origin(stamp.stamp(sdp({ formats: "0 101" })));
  assert.deepEqual([first.sessionId, same.sessionId, changed.sessionId], ["77", "77", "77"]);
  assert.deepEqual([first.sessionVersion, same.sessionVersion, changed.sessionVersion], ["1", "1", "2"]);
});

test("what is no SDP passes as it is", () => {
  const stamp = new OriginStamp("77", "127.0.0.1");
  assert.deepEqual(stamp.stamp(Buffer.from("hello")), Buffer.from("hello"));
  assert.equal(stamp.stamp(Buffer.alloc(0)).length, 0);
});

test("media-control.md: the placeholder offer has the caller's G.711 first, then the other law, and is inactive", () => {
  const placeholder = placeholderOffer(sdp({ formats: "9 8 18 96", lines: ["a=rtpmap:96 telephone-event/8000"] }));
  assert.equal(audioDirection(placeholder), "inactive");
  const parsed = parseSdp(placeholder);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.media[0]?.formats, ["8", "0", "96"]);
});

test("media-control.md: without an offer of the caller the placeholder offers both laws", () => {
  const parsed = parseSdp(placeholderOffer(Buffer.alloc(0)));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.media[0]?.formats, ["0", "8", "101"]);
});

test("R15: only an offer with G.711 can be anchored; an absent one can", () => {
  assert.equal(canAnchor(sdp()), true);
  assert.equal(canAnchor(sdp({ formats: "9 18 101" })), false);
  assert.equal(canAnchor(Buffer.alloc(0)), true);
});

test("directions are turned and read, hold by either way included", () => {
  const held = withDirection(sdp(), "sendonly");
  assert.ok(held !== undefined);
  assert.equal(audioDirection(held), "sendonly");
  assert.equal(audioDirection(inactiveAnswer(sdp())), "inactive");
});

test("the called phone may choose among all codecs that were offered for it, at the Media Server's port", () => {
  const answer = Buffer.from(sdp({ formats: "0 101" }).toString().replace("4000", "9000"));
  const offer = parseSdp(withCodecsOf(answer, placeholderOffer(sdp({ formats: "8 0 101" }))));
  assert.ok(offer.ok);
  assert.deepEqual(offer.value.media[0]?.formats, ["8", "0", "101"]);
  assert.equal(offer.value.media[0]?.port, 9000);
});
