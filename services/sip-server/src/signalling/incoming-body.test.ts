import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, SipRequest } from "@sidetone/sip";
import { incomingBody } from "./incoming-body.ts";

const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

function invite(headers: [string, string][], body: string): SipRequest {
  return new SipRequest("INVITE", "sip:7001@host", Headers.of(headers), Buffer.from(body));
}

test("RFC 3261 8.2.3: SDP is the offer, no body leaves the offer to us", () => {
  assert.equal(incomingBody(invite([["Content-Type", "application/sdp"]], sdp)).kind, "offer");
  assert.equal(incomingBody(invite([], "")).kind, "none");
});

test("RFC 5621: SDP inside a multipart body is found, an optional stranger beside it passed over", () => {
  const body = `--b\r\nContent-Type: text/plain\r\nContent-Disposition: x;handling=optional\r\n\r\nhello\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b--\r\n`;
  const read = incomingBody(invite([["Content-Type", "multipart/mixed;boundary=b"]], body));
  assert.ok(read.kind === "offer");
  assert.ok(read.sdp.toString().startsWith("v=0"));
});

const refusals: [string, [string, string][], string, number][] = [
  ["a body type we do not know", [["Content-Type", "application/unknownformat"]], "x", 415],
  [
    "an encoding we do not know",
    [
      ["Content-Type", "application/sdp"],
      ["Content-Encoding", "gzip"],
    ],
    sdp,
    415,
  ],
  ["a body without a type", [], sdp, 400],
  [
    "a caller that does not accept SDP",
    [
      ["Accept", "text/nobodyKnowsThis"],
      ["Content-Type", "application/sdp"],
    ],
    sdp,
    406,
  ],
];
for (const [what, headers, body, status] of refusals) {
  test(`RFC 3261 8.2.3: ${what} is refused with ${status}`, () => {
    const read = incomingBody(invite(headers, body));
    assert.ok(read.kind === "refused");
    assert.equal(read.status, status);
  });
}

for (const [sdp, reason] of [
  ["v=0\r\nxx", "an SDP line without ="],
  ["hello=1\r\n", "SDP line"],
  ["v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 70000 RTP/AVP 0\r\n", "malformed m= line"],
] as const) {
  test(`an offer that cannot be read is 400: ${reason}`, () => {
    const read = incomingBody(invite([["Content-Type", "application/sdp"]], sdp));
    assert.equal(read.kind, "refused");
    assert.equal(read.kind === "refused" ? read.status : 0, 400);
    assert.match(read.kind === "refused" ? read.reason : "", new RegExp(`^Bad Session Description \\(.*${reason}`));
  });
}
