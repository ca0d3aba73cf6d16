import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RFC4475, RFC5118, torturePath } from "../../test-data/rfc4475.ts";
import { checkExtensions, parseMessage, serialize, StreamFramer, validateRequest, validateResponse } from "./index.ts";

/** What parser and validator make of the bytes. */
function verdict(bytes: Buffer, lenient = false): number | "drop" | "processed" {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) return "drop";
  if (parsed.value.kind === "response") return validateResponse(parsed.value) === undefined ? "processed" : "drop";
  return validateRequest(parsed.value, { lenient })?.status ?? "processed";
}

const filesOf = (set: string) => readdirSync(fileURLToPath(new URL(`../../test-data/${set}`, import.meta.url))).sort();

test("RFC 4475: the table has the 49 files and no other", () => {
  assert.equal(RFC4475.length, 49);
  assert.deepEqual(RFC4475.map((r) => r.file).sort(), filesOf("rfc4475"));
  assert.deepEqual(RFC5118.map((r) => r.file).sort(), filesOf("rfc5118"));
});

for (const row of RFC4475) {
  const bytes = readFileSync(torturePath("rfc4475", row.file));
  const decidedHere = row.layer === "parser" || row.layer === "validator";
  test(`RFC 4475 ${row.section}: ${row.file} is ${decidedHere ? row.expect : "passed on to the " + row.layer}`, () => {
    assert.equal(parseMessage(bytes).ok, row.layer !== "parser");
    assert.equal(verdict(bytes), decidedHere ? row.expect : "processed");
    if (row.note?.startsWith("lenient")) assert.equal(verdict(bytes, true), "processed");
  });
  test(`RFC 4475 ${row.section}: ${row.file} reaches a fixed point of parsing and writing`, () => {
    const first = parseMessage(bytes);
    if (!first.ok) return;
    const written = serialize(first.value);
    const second = parseMessage(written);
    assert.ok(second.ok);
    assert.deepEqual(serialize(second.value), written);
  });
  if (row.closesStream === true) {
    test(`RFC 4475 ${row.section}: ${row.file} on a stream is an error with a request to answer`, () => {
      const items = new StreamFramer().push(bytes);
      const last = items.at(-1);
      assert.ok(last?.kind === "error" && last.request !== undefined);
    });
  }
}

for (const row of RFC5118) {
  test(`RFC 5118 ${row.section}: ${row.file} is ${row.expect}`, () => {
    assert.equal(verdict(readFileSync(torturePath("rfc5118", row.file))), row.expect);
  });
}

test("RFC 4475 3.3.5: unknown extensions are refused with 420 and named in Unsupported", () => {
  const parsed = parseMessage(readFileSync(torturePath("rfc4475", "bext01.dat")));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  const refusal = checkExtensions(parsed.value, new Set(["100rel"]));
  assert.equal(refusal?.status, 420);
  assert.deepEqual(refusal?.headers, [["Unsupported", "nothingSupportsThis, nothingSupportsThisEither"]]);
});

test("RFC 4475 3.1.1.8: only the first request of the datagram is read", () => {
  const parsed = parseMessage(readFileSync(torturePath("rfc4475", "dblreq.dat")));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  assert.equal(parsed.value.method, "REGISTER");
  assert.equal(parsed.value.body.length, 0);
});

test("RFC 4475 3.1.1.1: folds, odd case and blanks do not hide what a header says", () => {
  const parsed = parseMessage(readFileSync(torturePath("rfc4475", "wsinv.dat")));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  const request = parsed.value;
  assert.equal(request.fromTag, "98asjd8");
  assert.equal(request.topVia?.transport, "UDP");
  assert.equal(request.headers.list("via").length, 3);
  assert.deepEqual(request.cseq, { sequence: 9, method: "INVITE" });
  assert.equal(request.contentType, "application/sdp");
});
