import assert from "node:assert/strict";
import { test } from "node:test";
import { contactOf } from "./contact-destination.ts";
import { flowFrom } from "./phone.fixture.ts";
import type { Binding, BindingSource } from "./types.ts";

const binding = (uri: string, source: Partial<BindingSource> = {}): Binding => ({
  dn: "7001",
  uri,
  displayName: undefined,
  params: "",
  q: 500,
  expiresAt: 0,
  callId: "c",
  cseq: 1,
  instance: '"<urn:uuid:1>"',
  regId: undefined,
  userAgent: "phone/1",
  source: { transport: "udp", remoteHost: "192.0.2.1", remotePort: 5062, symmetric: true, flow: undefined, ...source },
});
const source = { transport: "udp", host: "192.0.2.1", port: 5062 };

const udp: [what: string, uri: string, symmetric: boolean, destination: unknown][] = [
  ["the address it registered from", "sip:7001@192.0.2.1:5062", true, { uri: "sip:7001@192.0.2.1:5062" }],
  ["behind NAT: a private address in the Contact", "sip:7001@10.0.0.5:5060", true, source],
  ["behind NAT, without rport", "sip:7001@10.0.0.5:5060", false, source],
  ["another port, and rport: answers to the source port", "sip:7001@192.0.2.1:1111", true, source],
  [
    "another port, without rport: it listens elsewhere",
    "sip:7001@192.0.2.1:1111",
    false,
    { uri: "sip:7001@192.0.2.1:1111" },
  ],
  ["a name, without rport", "sip:7001@phone.example.com", false, { uri: "sip:7001@phone.example.com" }],
];
for (const [what, uri, symmetric, destination] of udp) {
  test(`UDP: ${what}`, () => {
    assert.deepEqual(contactOf(binding(uri, { symmetric }))?.destination, destination);
  });
}

test("UDP: the default port 5060 counts as a port", () => {
  const from5060 = binding("sip:7001@192.0.2.1", { remotePort: 5060 });
  assert.deepEqual(contactOf(from5060)?.destination, { uri: "sip:7001@192.0.2.1" });
});

test("RFC 5626 5.3: a phone that registered over TCP is reached over that connection, by its URI once it is closed", () => {
  const flow = flowFrom("192.0.2.1", 40_000, "tcp");
  const uri = "sip:7001@192.0.2.1:5062;transport=tcp";
  assert.deepEqual(contactOf(binding(uri, { transport: "tcp", flow }))?.destination, { flow, fallback: uri });
});

test("a phone that registered over TCP before a restart is reached by its URI", () => {
  const uri = "sip:7001@192.0.2.1:5062;transport=tcp";
  assert.deepEqual(contactOf(binding(uri, { transport: "tcp" }))?.destination, { uri });
});

test("RFC 4475 regescrt: escaped headers do not get into the Request-URI, nor does method (RFC 3261 19.1.1)", () => {
  assert.equal(
    contactOf(binding("sip:user@example.com;method=INVITE;a=b?Route=%3Csip:sip.example.com%3E"))?.uri,
    "sip:user@example.com;a=b",
  );
});

test("RFC 4475 cparam02: an unknown URI parameter stays in the Request-URI", () => {
  assert.equal(
    contactOf(binding("sip:+19725552222@gw1.example.net;unknownparam"))?.uri,
    "sip:+19725552222@gw1.example.net;unknownparam",
  );
});

test("RFC 4475 unksm2: a Contact that is no SIP URI is not called", () => {
  for (const uri of ["name:John_Smith", "tel:+15550100", "sips:7001@192.0.2.1"])
    assert.equal(contactOf(binding(uri)), undefined);
});

test("what the phone said of itself comes along", () => {
  const contact = contactOf(binding("sip:7001@192.0.2.1:5062"));
  assert.deepEqual([contact?.q, contact?.userAgent, contact?.instance], [0.5, "phone/1", '"<urn:uuid:1>"']);
});
