import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatRecordingUri, isRecordingId, readRecordingUri, reservedUriParams } from "./index.ts";

test("R7, R8: id, identifiers and generic parameters are in the Request-URI, values percent-escaped", () => {
  const uri = formatRecordingUri(
    {
      recordingId: "r-1",
      callUuid: "JBN",
      dn: "7001",
      otherDn: "+1555",
      recordDn: "7001",
      copy: 1,
      epoch: 2,
      params: new Map([["name1", "a b;c=é"]]),
    },
    "127.0.0.1:5090;transport=tcp",
  );
  assert.equal(
    uri,
    "sip:record=r-1@127.0.0.1:5090;transport=tcp;calluuid=JBN;dn=7001;otherdn=+1555;recorddn=7001;copy=1;epoch=2;name1=a%20b%3Bc%3D%C3%A9",
  );
  const read = readRecordingUri(uri);
  assert.ok(read.ok);
  assert.deepEqual(Array.from(read.value.params), [["name1", "a b;c=é"]]);
  assert.deepEqual(
    [read.value.recordingId, read.value.copy, read.value.epoch, read.value.otherDn],
    ["r-1", 1, 2, "+1555"],
  );
});

test("R7: a generic parameter cannot take the place of one that means something", () => {
  const params = new Map(Array.from(reservedUriParams, (name): [string, string] => [name.toUpperCase(), "evil"]));
  assert.equal(formatRecordingUri({ recordingId: "r", params }, "h"), "sip:record=r@h");
});

test("R8: the form of a recording id", () => {
  assert.ok(isRecordingId("A.b_c-9"));
  for (const bad of ["", "a b", "a/b", "é", "a".repeat(129)]) assert.ok(!isRecordingId(bad), bad);
});

test("other URIs and bad ids are refused", () => {
  for (const text of [
    "sip:msml=1@h",
    "sip:record=@h",
    "sip:record=a b@h",
    "sip:record=x",
    "",
    `sip:record=x@h${";a=b".repeat(200)}`,
  ]) {
    assert.equal(readRecordingUri(text).ok, false, text);
  }
});

test("any generic parameter survives the way through the URI", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.string({ unit: "grapheme", minLength: 1 }),
      (name, value) => {
        fc.pre(!reservedUriParams.has(name.toLowerCase()));
        const uri = formatRecordingUri({ recordingId: "r", params: new Map([[name, value]]) }, "h");
        assert.match(uri, /^[\x21-\x7e]+$/);
        const read = readRecordingUri(uri);
        assert.ok(read.ok);
        assert.deepEqual(Array.from(read.value.params), [[name, value]]);
      },
    ),
    { numRuns: 200 },
  );
});
