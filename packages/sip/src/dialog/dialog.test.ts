import assert from "node:assert/strict";
import { test } from "node:test";
import { createResponse, Headers, SipRequest } from "../message/index.ts";
import {
  addressValue,
  dialogOfRequest,
  dialogOfResponse,
  nextHop,
  received,
  requestInside,
  retargeted,
} from "./dialog.ts";

function invite(extra: readonly (readonly [string, string])[] = []): SipRequest {
  return new SipRequest(
    "INVITE",
    "sip:bob@example.com",
    Headers.of([
      ["Via", "SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK1"],
      ["From", "<sip:alice@example.com>;tag=a"],
      ["To", "<sip:bob@example.com>"],
      ["Call-ID", "c"],
      ["CSeq", "7 INVITE"],
      ["Contact", "<sip:alice@1.2.3.4:5061;transport=tcp>"],
      ...extra,
    ]),
  );
}

const routes = [["Record-Route", "<sip:p1;lr>, <sip:p2;lr>"]] as const;

test("RFC 3261 12.1.1: the UAS takes the route set in the order of Record-Route, the target from Contact", () => {
  const dialog = dialogOfRequest(invite(routes), "b");
  assert.deepEqual(dialog?.routeSet, ["<sip:p1;lr>", "<sip:p2;lr>"]);
  assert.equal(dialog?.remoteTarget, "sip:alice@1.2.3.4:5061;transport=tcp");
  assert.equal(dialog?.local, "<sip:bob@example.com>;tag=b");
  assert.equal(dialog?.remoteSequence, 7);
});

test("RFC 3261 12.1.2: the UAC takes the route set in reverse order", () => {
  const response = createResponse(invite(), 200, undefined, {
    toTag: "b",
    headers: [["Contact", "<sip:bob@5.6.7.8>"], ...routes],
  });
  const dialog = dialogOfResponse(invite(), response);
  assert.deepEqual(dialog?.routeSet, ["<sip:p2;lr>", "<sip:p1;lr>"]);
  assert.deepEqual([dialog?.localTag, dialog?.remoteTag, dialog?.localSequence], ["a", "b", 7]);
  assert.ok(dialog !== undefined);
  assert.equal(nextHop(dialog), "sip:p2;lr");
});

test("RFC 3261 12.2.1.1: loose routes keep the target as Request-URI; a strict router's URI takes its place", () => {
  const loose = dialogOfRequest(invite(routes), "b");
  assert.ok(loose !== undefined);
  const first = requestInside(loose, "BYE");
  assert.equal(first.request.uri, "sip:alice@1.2.3.4:5061;transport=tcp");
  assert.deepEqual(first.request.headers.all("Route"), ["<sip:p1;lr>", "<sip:p2;lr>"]);
  assert.equal(first.request.headers.get("CSeq"), "1 BYE");
  assert.equal(requestInside(first.dialog, "INFO").request.headers.get("CSeq"), "2 INFO");
  const strict = dialogOfRequest(invite([["Record-Route", "<sip:old>, <sip:p2;lr>"]]), "b");
  assert.ok(strict !== undefined);
  const second = requestInside(strict, "BYE").request;
  assert.equal(second.uri, "sip:old");
  assert.deepEqual(second.headers.all("Route"), ["<sip:p2;lr>", "<sip:alice@1.2.3.4:5061;transport=tcp>"]);
});

test("RFC 3261 12.2.2: a request with a sequence number that is not higher is out of order", () => {
  const dialog = dialogOfRequest(invite(), "b");
  assert.ok(dialog !== undefined);
  const info = (n: number): SipRequest => new SipRequest("INFO", "sip:b", Headers.of([["CSeq", `${n} INFO`]]));
  assert.equal(received(dialog, info(6)), undefined);
  assert.equal(received(dialog, info(7)), undefined);
  assert.equal(received(dialog, info(12))?.remoteSequence, 12);
});

test("RFC 3261 12.2: a target refresh moves the target, and nothing else", () => {
  const dialog = dialogOfRequest(invite(routes), "b");
  assert.ok(dialog !== undefined);
  const moved = retargeted(dialog, invite([]).contact);
  assert.equal(moved, dialog);
  const elsewhere = new SipRequest("UPDATE", "sip:b", Headers.of([["Contact", "<sip:alice@9.9.9.9>"]]));
  assert.deepEqual(retargeted(dialog, elsewhere.contact), { ...dialog, remoteTarget: "sip:alice@9.9.9.9" });
});

test("RFC 3261 8.1.1: From and To of URIs, name-addrs and values that have a tag", () => {
  assert.equal(addressValue("sip:a@b;x=1", "t"), "<sip:a@b;x=1>;tag=t");
  assert.equal(addressValue('"A" <sip:a@b>', "t"), '"A" <sip:a@b>;tag=t');
  assert.equal(addressValue("<sip:a@b>;tag=u", "t"), "<sip:a@b>;tag=u");
});
