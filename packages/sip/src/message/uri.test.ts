import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  escapeParam,
  escapeUser,
  formatNameAddr,
  formatUri,
  formatVia,
  nameAddr,
  parseNameAddr,
  parseUri,
  parseVia,
  Params,
  uriEquals,
  userOf,
} from "./index.ts";
import type { SipUri } from "./index.ts";

function uri(text: string): SipUri {
  const parsed = parseUri(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

test("R11: the record URI gives its conf-id and parameters", () => {
  const u = uri("sip:msml=00ab12cd34ef5678@rm.example.com:5080;dn=7001;record");
  assert.equal(u.user, "msml=00ab12cd34ef5678");
  assert.equal(u.port, 5080);
  assert.equal(u.params.get("DN"), "7001");
  assert.equal(u.params.get("record"), true);
});

test("RFC 3261 19.1.1: user, password, IPv6 host, port, parameters and headers are told apart", () => {
  const u = uri("SIPS:al%69ce;x=1:p;w@[2001:db8::1]:5061;transport=tcp?Subject=a&b=c");
  assert.deepEqual(
    [u.scheme, u.user, u.password, u.host, u.port, u.headers],
    ["sips", "al%69ce;x=1", "p;w", "2001:db8::1", 5061, "Subject=a&b=c"],
  );
  assert.equal(userOf(u), "alice;x=1");
  assert.equal(formatUri(u), "sips:al%69ce;x=1:p;w@[2001:db8::1]:5061;transport=tcp?Subject=a&b=c");
});

for (const text of [
  "",
  "sip:",
  "sip:@h",
  "sip:a@",
  "sip:a b@h",
  "sip:h:99999",
  "sip:h:",
  "sip:2001:db8::1",
  "sip:[2001:db8:::1]",
  "sip:a@b@c",
  "<sip:a@b>",
  "sip:a@h;;x",
  "sip:%zz@h",
  "a@h",
]) {
  test(`RFC 3261 25.1: "${text}" is no URI`, () => assert.equal(parseUri(text).ok, false));
}

const SAME = [
  ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
  ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
  ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"],
  [
    "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
    "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
  ],
  ["sip:[2001:db8::1]", "sip:[2001:DB8:0::1]"],
] as const;
const DIFFERENT = [
  ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
  ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
  ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
  ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
  ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
] as const;
for (const [a, b] of SAME)
  test(`RFC 3261 19.1.4: ${a} is ${b}`, () => assert.ok(uriEquals(uri(a), uri(b)) && uriEquals(uri(b), uri(a))));
for (const [a, b] of DIFFERENT) test(`RFC 3261 19.1.4: ${a} is not ${b}`, () => assert.ok(!uriEquals(uri(a), uri(b))));

test("RFC 3261 20.10: without angle brackets the parameters are the header's", () => {
  const n = parseNameAddr("sip:a@b;tag=1");
  assert.ok(n.ok);
  assert.equal(n.value.params.get("tag"), "1");
  assert.equal(n.value.uri.params.size, 0);
});

test("RFC 3261 25.1: quoted display names may hold anything, escaped", () => {
  const n = parseNameAddr('"A \\"<b>\\", \\\\" <sip:a@b;x=1>;tag="q;u"');
  assert.ok(n.ok);
  assert.equal(n.value.displayName, 'A "<b>", \\');
  assert.equal(n.value.params.get("tag"), '"q;u"');
});

test("RFC 3261 20.42: blanks in a Via do not matter", () => {
  const via = parseVia("SIP / 2.0 / udp   first.example.com : 4000 ;ttl=16 ; branch = z9hG4bKa7c6a8dlze.1");
  assert.ok(via.ok);
  assert.deepEqual(
    [via.value.transport, via.value.host, via.value.port, via.value.branch],
    ["UDP", "first.example.com", 4000, "z9hG4bKa7c6a8dlze.1"],
  );
  assert.equal(formatVia(via.value), "SIP/2.0/UDP first.example.com:4000;ttl=16;branch=z9hG4bKa7c6a8dlze.1");
});

const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().filter((a) => parseUri(`sip:[${a}]`).ok),
);
const anyUri = fc
  .record({
    user: fc.option(fc.string({ minLength: 1 })),
    host,
    port: fc.option(fc.nat(65_535)),
    // RFC 3261 19.1.1: a parameter name stands once in a URI.
    params: fc.uniqueArray(
      fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), fc.option(fc.string({ minLength: 1, maxLength: 8 }))),
      { maxLength: 4, selector: ([name]) => escapeParam(name).toLowerCase() },
    ),
  })
  .map((r): SipUri => {
    const params = new Params();
    for (const [name, value] of r.params) params.add(escapeParam(name), value === null ? true : escapeParam(value));
    return {
      scheme: "sip",
      user: r.user === null ? undefined : escapeUser(r.user),
      password: undefined,
      host: r.host,
      port: r.port ?? undefined,
      params,
      headers: undefined,
    };
  });

test("property: a URI written and read is the same", () => {
  fc.assert(
    fc.property(anyUri, (u) => {
      const text = formatUri(u);
      const back = parseUri(text);
      assert.ok(back.ok, text);
      assert.equal(formatUri(back.value), text);
      assert.ok(uriEquals(back.value, u));
      assert.equal(back.value.host, u.host);
    }),
    { numRuns: 500 },
  );
});

test("property: a name-addr written and read is the same", () => {
  fc.assert(
    fc.property(anyUri, fc.option(fc.string({ unit: "grapheme" })), (u, name) => {
      const text = formatNameAddr(nameAddr(u, name ?? undefined));
      const back = parseNameAddr(text);
      assert.ok(back.ok, text);
      assert.equal(back.value.displayName, name === null ? undefined : name.replaceAll(/[\r\n]/g, " "));
      assert.equal(formatUri(back.value.uri), formatUri(u));
    }),
    { numRuns: 500 },
  );
});

test("U+FFFD in a display name is a character like any other, not the sign of broken UTF-8", () => {
  const uri = parseUri("sip:a@b");
  assert.ok(uri.ok);
  const back = parseNameAddr(formatNameAddr(nameAddr(uri.value, "\ufffd")));
  assert.ok(back.ok);
  assert.equal(back.value.displayName, "\ufffd");
});

test("property: any user survives escaping", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (user) => {
      const back = parseUri(`sip:${escapeUser(user)}@h`);
      assert.ok(back.ok);
      assert.equal(userOf(back.value), user);
    }),
  );
});
