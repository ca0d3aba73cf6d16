import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type RegisterInput, type WantedContact, applyRegister } from "./bindings.ts";
import { maxContactsPerDn } from "./limits.ts";
import { flowFrom } from "./phone.fixture.ts";
import type { Binding } from "./types.ts";

const bounds = { minExpires: 60, maxExpires: 7200 };
const now = 1_795_166_115_000_000;
const seconds = (count: number): number => count * 1_000_000;

const wanted = (uri: string, expires = 3600, o: Partial<WantedContact> = {}): WantedContact => ({
  uri,
  displayName: undefined,
  params: "",
  q: 1000,
  expires,
  instance: undefined,
  regId: undefined,
  ...o,
});

const input = (contacts: RegisterInput["contacts"], o: Partial<RegisterInput> = {}): RegisterInput => ({
  dn: "7001",
  contacts,
  callId: "call-1",
  cseq: 1,
  userAgent: undefined,
  source: {
    transport: "udp",
    remoteHost: "192.0.2.1",
    remotePort: 5062,
    symmetric: true,
    flow: flowFrom("192.0.2.1", 5062),
  },
  nowMicros: now,
  ...o,
});

/** Bindings after REGISTERs that must all be taken. */
function after(...inputs: RegisterInput[]): readonly Binding[] {
  let bindings: readonly Binding[] = [];
  for (const one of inputs) {
    const applied = applyRegister(bindings, one, bounds);
    assert.ok(applied.ok, applied.ok ? "" : applied.error.reason);
    bindings = applied.value;
  }
  return bindings;
}
const uris = (bindings: readonly Binding[]): string => bindings.map((binding) => binding.uri).join(" ");
const A = "sip:7001@192.0.2.1:5062";
const B = "sip:7001@192.0.2.2:5062";

test("RFC 3261 10.3: a Contact is added, with when it runs out", () => {
  const [binding] = after(input([wanted(A, 600)]));
  assert.equal(binding?.uri, A);
  assert.equal(binding?.expiresAt, now + seconds(600));
});

test("RFC 3261 10.3: no Contact asks and changes nothing", () => {
  assert.equal(uris(after(input([wanted(A)]), input([], { cseq: 2 }))), A);
});

test("RFC 3261 10.3: several Contacts of one DN are kept apart, in their order", () => {
  assert.equal(uris(after(input([wanted(A), wanted(B)]))), `${A} ${B}`);
});

test("RFC 3261 10.3 step 7: a refresh takes the place of its binding", () => {
  const bindings = after(
    input([wanted(A, 600), wanted(B, 600)]),
    input([wanted(A, 900, { q: 500 })], { cseq: 2, nowMicros: now + seconds(10), userAgent: "new/2" }),
  );
  assert.equal(uris(bindings), `${A} ${B}`);
  assert.deepEqual(
    [bindings[0]?.expiresAt, bindings[0]?.q, bindings[0]?.userAgent],
    [now + seconds(910), 500, "new/2"],
  );
});

test("RFC 3261 19.1.4: the binding is found by the URI's meaning", () => {
  const same = ["sip:7001@EXAMPLE.com;transport=tcp", "sip:%37001@example.com;Transport=TCP"] as const;
  assert.equal(uris(after(input([wanted(same[0])]), input([wanted(same[1])], { cseq: 2 }))), same[1]);
  const other = ["sip:7001@example.com", "sip:7001@example.com:5060"] as const;
  assert.equal(after(input([wanted(other[0]), wanted(other[1])])).length, 2);
});

test("Contacts that are no SIP URI are kept, and found by their text", () => {
  const bindings = after(
    input([wanted("name:John_Smith")]),
    input([wanted("name:John_Smith"), wanted("name:Other")], { cseq: 2 }),
  );
  assert.equal(uris(bindings), "name:John_Smith name:Other");
});

test("RFC 5626 6: a phone that started again, by instance and reg-id, leaves no dead contact behind", () => {
  const phone = { instance: '"<urn:uuid:1>"', regId: "1" };
  assert.equal(uris(after(input([wanted(A, 600, phone)]), input([wanted(B, 600, phone)], { callId: "call-2" }))), B);
  const second = { ...phone, regId: "2" };
  assert.equal(after(input([wanted(A, 600, phone)]), input([wanted(B, 600, second)], { callId: "call-2" })).length, 2);
});

test("RFC 3261 10.2.2: expires 0 removes one Contact; removing what is not there is no error", () => {
  assert.equal(uris(after(input([wanted(A), wanted(B)]), input([wanted(A, 0)], { cseq: 2 }))), B);
  assert.equal(uris(after(input([wanted(A, 0)]))), "");
});

test("RFC 3261 10.3 step 6: * removes every Contact", () => {
  assert.equal(uris(after(input([wanted(A), wanted(B)]), input("*", { cseq: 2 }))), "");
});

for (const [what, contacts] of [
  ["a refresh", [wanted(A)]],
  ["a removal", [wanted(A, 0)]],
  ["*", "*"],
] as const) {
  test(`RFC 3261 10.3: with the Call-ID of before, ${what} needs a higher CSeq`, () => {
    const before = after(input([wanted(A)], { cseq: 5 }));
    for (const cseq of [4, 5]) {
      const applied = applyRegister(before, input(contacts, { cseq }), bounds);
      assert.deepEqual(applied, { ok: false, error: { status: 500, reason: "CSeq Out Of Order" } });
    }
    assert.equal(applyRegister(before, input(contacts, { cseq: 6 }), bounds).ok, true);
    assert.equal(applyRegister(before, input(contacts, { cseq: 1, callId: "call-2" }), bounds).ok, true);
  });
}

const expiries: [wish: number, outcome: number | "423"][] = [
  [1, "423"],
  [59, "423"],
  [60, 60],
  [3600, 3600],
  [7200, 7200],
  [7201, 7200],
  [2 ** 32 - 1, 7200],
];
for (const [wish, outcome] of expiries) {
  test(`RFC 3261 10.3 step 7: a wish of ${wish} s gives ${outcome}`, () => {
    const applied = applyRegister([], input([wanted(A, wish)]), bounds);
    if (outcome === "423")
      assert.deepEqual(applied, { ok: false, error: { status: 423, reason: "Interval Too Brief", minExpires: 60 } });
    else assert.equal(applied.ok && applied.value[0]?.expiresAt, now + seconds(outcome));
  });
}

test("RFC 3261 10.3: an hour is never too brief", () => {
  assert.equal(applyRegister([], input([wanted(A, 3600)]), { minExpires: 5000, maxExpires: 7200 }).ok, true);
});

test("RFC 3261 10.3: all of a request's Contacts are taken or none", () => {
  const before = after(input([wanted(A)]));
  assert.equal(applyRegister(before, input([wanted(B), wanted("sip:x@y", 5)], { cseq: 2 }), bounds).ok, false);
  assert.equal(uris(before), A);
});

test("a binding that ran out is gone, whatever its CSeq was", () => {
  const bindings = after(
    input([wanted(A, 60), wanted(B, 600)], { cseq: 9 }),
    input([wanted(A)], { cseq: 1, nowMicros: now + seconds(60), callId: "call-2" }),
  );
  assert.equal(uris(bindings), `${B} ${A}`);
  assert.equal(uris(after(input([wanted(A, 60)]), input([], { nowMicros: now + seconds(60) }))), "");
});

test("limit: a DN has at most ten Contacts; one goes, another may come", () => {
  const full = after(input(Array.from({ length: maxContactsPerDn }, (_, n) => wanted(`sip:7001@192.0.2.${n + 1}`))));
  assert.deepEqual(applyRegister(full, input([wanted(B)], { cseq: 2 }), bounds), {
    ok: false,
    error: { status: 403, reason: "Too Many Contacts" },
  });
  assert.equal(applyRegister(full, input([wanted("sip:7001@192.0.2.1", 600)], { cseq: 2 }), bounds).ok, true);
  assert.equal(applyRegister(full, input([wanted("sip:7001@192.0.2.1", 0), wanted(B)], { cseq: 2 }), bounds).ok, true);
});

test("whatever comes, a DN has never more than ten Contacts, none twice and none that ran out", () => {
  const step = fc.record({
    contacts: fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, 60, 600)), { maxLength: 12 }),
    all: fc.boolean(),
    wait: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let bindings: readonly Binding[] = [];
      let at = now;
      for (const [index, { contacts, all, wait }] of steps.entries()) {
        at += seconds(wait);
        const list = contacts.map(([n, expires]) => wanted(`sip:7001@192.0.2.${n}`, expires));
        const applied = applyRegister(
          bindings,
          input(all && list.length === 0 ? "*" : list, { cseq: index + 1, nowMicros: at }),
          bounds,
        );
        if (!applied.ok) continue;
        bindings = applied.value;
        assert.ok(bindings.length <= maxContactsPerDn);
        assert.equal(new Set(bindings.map((binding) => binding.uri)).size, bindings.length);
        assert.ok(bindings.every((binding) => binding.expiresAt > at));
      }
    }),
    { numRuns: 200 },
  );
});
