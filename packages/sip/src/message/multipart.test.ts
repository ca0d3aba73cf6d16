import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { torturePath } from "../../test-data/rfc4475.ts";
import { formatMultipart, parseMessage, parseMultipart } from "./index.ts";

test("RFC 4475 3.1.1.11: the two parts of mpart01 are read, the binary one byte for byte", () => {
  const parsed = parseMessage(readFileSync(torturePath("rfc4475", "mpart01.dat")));
  assert.ok(parsed.ok);
  const parts = parseMultipart(parsed.value.headers.get("content-type") ?? "", parsed.value.body);
  assert.ok(parts.ok);
  assert.deepEqual(
    parts.value.map((p) => p.contentType),
    ["text/plain", "application/octet-stream"],
  );
  assert.equal(parts.value[0]?.body.toString(), "Hello");
});

test("RFC 2046 5.1: preamble, epilogue and bare line feeds are tolerated", () => {
  const parts = parseMultipart(
    "multipart/mixed; boundary=b",
    Buffer.from("pre\n--b\nContent-Type: a/B;x=1\n\none\n--bx\n--b \n\ntwo\n--b--\nafter"),
  );
  assert.ok(parts.ok);
  assert.deepEqual(
    parts.value.map((p) => [p.contentType, p.body.toString()]),
    [
      ["a/b", "one\n--bx"],
      ["text/plain", "two"],
    ],
  );
});

test("a body without its boundary, or with too many parts, is refused", () => {
  assert.equal(parseMultipart("multipart/mixed;boundary=b", Buffer.from("nothing")).ok, false);
  assert.equal(parseMultipart("text/plain", Buffer.from("--b--")).ok, false);
  assert.equal(parseMultipart("multipart/mixed;boundary=b", Buffer.from("--b\r\n\r\nx\r\n".repeat(40))).ok, false);
});

test("property: parts written and read are the same", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 5 }), (bodies) => {
      const written = formatMultipart(
        bodies.map((b) => ({ contentType: "application/x", body: Buffer.from(b), headers: [["Content-ID", "<1>"]] })),
        "b",
      );
      const read = parseMultipart(written.contentType, written.body);
      assert.ok(read.ok);
      assert.deepEqual(
        read.value.map((p) => Uint8Array.from(p.body)),
        bodies,
      );
      assert.equal(read.value[0]?.headers.get("content-id"), "<1>");
    }),
  );
});
