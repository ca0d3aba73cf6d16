import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkExtensions,
  createResponse,
  Headers,
  maxForwardsOf,
  deltaSeconds,
  parseMessage,
  reasonPhrase,
  SipRequest,
  SipResponse,
  validateRequest,
  validateResponse,
} from "./index.ts";

const base: [string, string][] = [
  ["Via", "SIP/2.0/UDP h;branch=z9hG4bK1"],
  ["From", "<sip:a@b>;tag=1"],
  ["To", "<sip:c@d>"],
  ["Call-ID", "1@h"],
  ["CSeq", "1 INVITE"],
  ["Max-Forwards", "70"],
];
const invite = (uri = "sip:c@d") => new SipRequest("INVITE", uri, Headers.of(base));

test("a Contact whose angle brackets do not match still says where its sender is; other headers are as strict as before", () => {
  for (const contact of ["<sip:a@h:5070;+sip.src", "sip:a@h:5070>;+sip.src", "<sip:a@h:5070"]) {
    const request = invite();
    request.headers.append("Contact", contact);
    assert.equal(validateRequest(request), undefined, contact);
    assert.equal(request.contact?.uri.port, 5070, contact);
    assert.equal(request.contact?.params.get("+sip.src"), contact.includes("+") ? true : undefined, contact);
  }
  for (const [name, value] of [
    ["Contact", '"a <sip:a@h;+sip.src'],
    ["Route", "<sip:a@h"],
  ] as const) {
    const request = invite();
    request.headers.append(name, value);
    assert.equal(validateRequest(request)?.status, 400, name);
  }
});

test("RFC 3261 8.2.2.3: known option tags without their comma are known; anything else beside them is not", () => {
  const supported = new Set(["100rel", "timer", "siprec"]);
  const requires = (value: string): number | undefined => {
    const request = invite();
    request.headers.append("Require", value);
    return checkExtensions(request, supported)?.status;
  };
  assert.equal(requires("100relsiprec"), undefined);
  assert.equal(requires("siprec timer100rel"), undefined);
  assert.equal(requires("siprecx"), 420);
  assert.equal(requires("100rel".repeat(5000)), 420);
});

test("RFC 3261 8.2: a sound request passes", () => assert.equal(validateRequest(invite()), undefined));

for (const name of ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"]) {
  test(`two ${name} headers are 400, named in the reason`, () => {
    const request = invite();
    const value = request.headers.get(name) ?? "0";
    request.headers.set(name, value).append(name, value);
    const refusal = validateRequest(request);
    assert.deepEqual([refusal?.status, refusal?.reason], [400, `Duplicate ${name}`]);
  });
}
for (const name of ["Via", "From", "To", "Call-ID", "CSeq"]) {
  test(`RFC 3261 8.1.1: a request without ${name} is 400`, () => {
    const request = invite();
    request.headers.remove(name);
    assert.deepEqual([validateRequest(request)?.status, validateRequest(request)?.reason], [400, `Missing ${name}`]);
  });
}

const REFUSED: readonly [string, string, number][] = [
  ["CSeq", "2147483648 INVITE", 400],
  ["CSeq", "1 BYE", 400],
  ["CSeq", "x INVITE", 400],
  ["Max-Forwards", "-1", 400],
  ["Max-Forwards", "many", 400],
  ["Contact", "sip:a@b?x=y", 400],
  ["Route", "nonsense", 400],
  ["Call-ID", "a b", 400],
  ["From", "<sip:a@b>;tag=1;tag=2", 400],
  ["From", "<sip:a@b>;tag", 400],
  ["Content-Type", "sdp", 400],
  ["Via", "SIP/2.0/UDP", 400],
];
for (const [name, value, status] of REFUSED) {
  test(`${name}: ${value} is ${status}`, () => {
    const request = invite();
    request.headers.set(name, value);
    assert.equal(validateRequest(request)?.status, status);
  });
}

test("limits.uriBytes: a longer Request-URI is 414", () =>
  assert.equal(validateRequest(invite(`sip:${"a".repeat(1100)}@b`))?.status, 414));
test("limits.viaCount: more Via elements are 400", () => {
  const request = invite();
  for (let i = 0; i < 71; i++) request.headers.append("Via", "SIP/2.0/UDP h;branch=z9hG4bK2");
  assert.equal(validateRequest(request)?.status, 400);
});
test("limits.headerValueBytes and headerCount: a longer value is 400, more headers are dropped", () => {
  const head = "OPTIONS sip:a@b SIP/2.0\r\n";
  const long = parseMessage(Buffer.from(`${head}X: ${"y".repeat(9000)}\r\n\r\n`));
  assert.ok(long.ok && long.value.kind === "request");
  assert.equal(validateRequest(long.value)?.status, 400);
  assert.equal(parseMessage(Buffer.from(`${head}${"X: y\r\n".repeat(129)}\r\n`)).ok, false);
});

test("RFC 4475 3.1.2.4: numbers that are too great are clamped where that is harmless", () => {
  const request = invite();
  request.headers.set("Max-Forwards", "300");
  assert.equal(validateRequest(request), undefined);
  assert.equal(maxForwardsOf(request), 255);
  assert.equal(deltaSeconds("10000000000000000000000000"), 2 ** 32 - 1);
  assert.equal(deltaSeconds("12x"), undefined);
});

test("RFC 3261 8.1.3.3: responses that cannot be placed are dropped", () => {
  const response = new SipResponse(200, "OK", Headers.of(base));
  assert.equal(validateResponse(response), undefined);
  response.headers.append("CSeq", "2 BYE");
  assert.equal(validateResponse(response), "Duplicate CSeq");
});

test("RFC 3261 8.2.6: a response copies Via, From, To, Call-ID and CSeq, and tags To", () => {
  const request = invite();
  request.headers.append("Via", "SIP/2.0/UDP i").append("Record-Route", "<sip:p;lr>").append("Timestamp", "5");
  const ringing = createResponse(request, 180, undefined, { toTag: "t", headers: [["Contact", "<sip:x@y>"]] });
  assert.deepEqual(ringing.headers.all("via"), request.headers.all("via"));
  assert.equal(ringing.reason, "Ringing");
  assert.equal(ringing.headers.get("to"), "<sip:c@d>;tag=t");
  assert.equal(ringing.headers.get("record-route"), "<sip:p;lr>");
  assert.equal(createResponse(request, 100).headers.get("timestamp"), "5");
  assert.equal(createResponse(request, 404).headers.has("record-route"), false);
  request.headers.set("To", "<sip:c@d>;tag=old");
  assert.equal(createResponse(request, 200, "Fine", { toTag: "t" }).toTag, "old");
  assert.equal(reasonPhrase(499), "Client Error");
});

test("a NUL in the headers is 400: others may see the message end there", () => {
  const parsed = parseMessage(Buffer.from(`OPTIONS sip:a@b SIP/2.0\r\nSubject: a\0b\r\n\r\n`));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  assert.deepEqual(
    [validateRequest(parsed.value)?.status, validateRequest(parsed.value)?.reason],
    [400, "NUL in the headers"],
  );
});
