import assert from "node:assert/strict";
import { test } from "node:test";
import type { KVList } from "@sidetone/tlib";
import * as fc from "fast-check";
import { readRecordingExtensions } from "./recording-extensions.ts";

const allowed = ["172.24.*", "rec.example", "[2001:db8::1]:5070", "10.0.0.1:5090"];

function read(extensions: KVList | undefined, kind: "start" | "change" = "start"): unknown {
  const result = readRecordingExtensions(kind, extensions, allowed);
  if (!result.ok) return result.error.error;
  const { parameters, ...rest } = result.value;
  const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...set, parameters: Object.fromEntries(parameters) };
}

const good: readonly [string, KVList | undefined, unknown][] = [
  ["nothing means source", undefined, { side: "source", parameters: {} }],
  ["keys in any case", { RECORD: "destination", Id: "x" }, { side: "destination", id: "x", parameters: {} }],
  ["params as text", { params: "a=1; b = x=y ;" }, { side: "source", parameters: { a: "1", b: "x=y" } }],
  ["params nested", { params: { a: 1, B: "2" } }, { side: "source", parameters: { a: "1", B: "2" } }],
  ["every other key is generic", { site: "north", n: -3 }, { side: "source", parameters: { site: "north", n: "-3" } }],
  [
    "an inline key wins, in any case",
    { A: "inline", params: "a=listed" },
    { side: "source", parameters: { A: "inline" } },
  ],
  ["values may have anything but controls", { a: "ä;=? %" }, { side: "source", parameters: { a: "ä;=? %" } }],
  [
    "allowed destinations",
    { dest: "sip:172.24.129.75:5070", dest2: "sips:REC.example;transport=tcp" },
    { side: "source", dest: "sip:172.24.129.75:5070", dest2: "sips:REC.example;transport=tcp", parameters: {} },
  ],
  [
    "a port in the pattern",
    { dest: "sip:10.0.0.1:5090" },
    { side: "source", dest: "sip:10.0.0.1:5090", parameters: {} },
  ],
  ["IPv6", { dest: "sip:[2001:db8::1]:5070" }, { side: "source", dest: "sip:[2001:db8::1]:5070", parameters: {} }],
];

for (const [what, extensions, expected] of good) {
  test(`R7: ${what}`, () => assert.deepEqual(read(extensions), expected));
}

const bad: readonly [string, KVList, string][] = [
  ["record of another value", { record: "both" }, "InvalidAttribute"],
  ["record that is no text", { record: 1 }, "InvalidAttribute"],
  ["id with a slash", { id: "a/b" }, "InvalidAttribute"],
  ["id that is too long", { id: "x".repeat(129) }, "InvalidAttribute"],
  ["empty id", { id: "" }, "InvalidAttribute"],
  ["a key twice in two cases", { id: "a", ID: "b" }, "InvalidAttribute"],
  ["params of a number", { params: 7 }, "InvalidAttribute"],
  ["params of binary", { params: { $binary: "AA==" } }, "InvalidAttribute"],
  ["params without =", { params: "a=b;c" }, "InvalidAttribute"],
  ["params with a name twice", { params: "a=b;A=c" }, "InvalidAttribute"],
  ["a nested list as a value", { a: { b: "c" } }, "InvalidAttribute"],
  ["a binary value", { a: { $binary: "AA==" } }, "InvalidAttribute"],
  ["a control character", { a: "x\r\nVia: y" }, "InvalidAttribute"],
  ["a name with a semicolon", { "a;b": "c" }, "InvalidAttribute"],
  ["an empty name", { params: "=b" }, "InvalidAttribute"],
  ["a value that is too long", { a: "x".repeat(257) }, "InvalidAttribute"],
  ["too many", Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`a${n}`, "x"])), "InvalidAttribute"],
  ["a destination that is none", { dest: "recorder" }, "InvalidAttribute"],
  ["a destination by tel:", { dest: "tel:+123" }, "InvalidAttribute"],
  ["a destination that maddr leads elsewhere", { dest: "sip:rec.example;maddr=6.6.6.6" }, "InvalidAttribute"],
  ["a destination with headers", { dest: "sip:rec.example?Route=x" }, "InvalidAttribute"],
  ["the same destination twice", { dest: "sip:rec.example", dest2: "sip:rec.example" }, "InvalidAttribute"],
  [
    "the same destination in other words",
    { dest: "sip:rec.example", dest2: "sip:a@REC.example:5060;transport=tcp" },
    "InvalidAttribute",
  ],
  ["a foreign destination", { dest: "sip:evil.example" }, "PermissionDenied"],
  ["a foreign destination that looks like one of ours", { dest: "sip:172.24.1.1@evil.example" }, "PermissionDenied"],
  ["a port that is not in the pattern", { dest: "sip:10.0.0.1:5091" }, "PermissionDenied"],
];

for (const [what, extensions, expected] of bad) {
  test(`R7, R8, R10: refused: ${what}`, () => assert.equal(read(extensions), expected));
}

test("R7: names that mean something in a URI or in the dialect are refused, in params too", () => {
  const names =
    "maddr transport lr method ttl user dn otherdn recorddn calluuid copy epoch connid filename MADDR RecordDN";
  for (const name of names.split(" ")) {
    assert.equal(read({ [name]: "x" }), "InvalidAttribute", name);
    assert.equal(read({ params: { [name]: "x" } }), "InvalidAttribute", name);
  }
  assert.equal(read({ params: "record=x" }), "InvalidAttribute");
});

test("R18: Extensions of 3014 to 3016 are generic parameters; what belongs to a start is refused", () => {
  const parameters = { reason: "card-number", a: "b" };
  assert.deepEqual(read({ params: "reason=card-number", a: "b" }, "change"), { side: "source", parameters });
  for (const key of ["record", "id", "dest", "dest2"]) assert.equal(read({ [key]: "x" }, "change"), "InvalidAttribute");
});

test("whatever is sent, the outcome is an answer, and parameters never carry a control character", () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.string()));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (extensions) => {
      const result = readRecordingExtensions("start", extensions, allowed);
      if (!result.ok) return;
      for (const [name, text] of result.value.parameters) {
        assert.match(name, /^[A-Za-z0-9._-]+$/);
        assert(Array.from(text).every((c) => c >= " " && c !== "\x7f"));
      }
    }),
  );
});
