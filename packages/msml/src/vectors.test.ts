import assert from "node:assert/strict";
import { test } from "node:test";
import { loadVectors, type Vector } from "../vectors/load.ts";
import { checkMsml, type MsmlDocument, readMsml, type ResponseCode, writeMsml } from "./index.ts";

const vectors = loadVectors();

/** What no word of the RFC says. */
const unsaid: ReadonlySet<string> = new Set(["lenient/unmute", "lenient/codec-only", "lenient/nested-group"]);

/** What the reader owes: where the executor decides, the document is right. */
function readCode({ expect }: Vector): ResponseCode {
  return expect.decidedBy === "reader" ? expect.response : 200;
}

function documentOf(body: string | Uint8Array): MsmlDocument {
  const read = readMsml(body);
  assert.ok(read.ok, read.ok ? "" : read.error.description);
  return read.value;
}

test("vectors: each document is read, or refused with its code and at its place", () => {
  assert.ok(vectors.length > 180);
  for (const vector of vectors) {
    const read = readMsml(vector.body);
    const { id, expect, kind } = vector;
    assert.equal(read.ok ? 200 : read.error.response, readCode(vector), id);
    if (read.ok) assert.equal(read.value.kind, kind, id);
    else {
      if (expect.place !== undefined) assert.equal(read.error.place, expect.place, id);
      const { description, reason, remedy } = read.error;
      assert.ok(reason !== "" && remedy !== "" && description.includes(reason) && description.includes(remedy), id);
    }
  }
});

test("vectors: strict reading refuses what lenient reading forgives", () => {
  for (const { id, body, expect, ...vector } of vectors) {
    const read = readMsml(body, { mode: "strict" });
    const wanted = expect.strict ?? readCode({ id, body, expect, ...vector });
    assert.equal(read.ok ? 200 : read.error.response, wanted, `${id} ${read.ok ? "" : read.error.description}`);
  }
});

test("vectors: a report lists each deviation first that strict reading refuses, and none of a document that it takes", () => {
  for (const { id, body, expect } of vectors) {
    const { read, deviations } = checkMsml(body);
    const [first] = deviations;
    if (expect.strict !== undefined) assert.equal(first?.response, expect.strict, id);
    else if (read.ok) assert.deepEqual(deviations, [], id);
  }
});

test("vectors: what goes before an executor's vector is read as that vector says", () => {
  for (const { id, before, expect } of vectors) {
    for (const [index, body] of before.entries()) {
      const read = readMsml(body);
      if (read.ok) continue;
      assert.equal(read.error.response, expect.beforeResponses?.[index], `${id} before ${index + 1}`);
    }
  }
});

test("vectors: what the RFC published and the vector repairs is read as far as it can be", () => {
  const published = vectors.flatMap(({ id, published: original, expect }) =>
    original === undefined ? [] : [{ id, body: original.body, wanted: expect.published?.response }],
  );
  assert.ok(published.length >= 10);
  for (const { id, body, wanted } of published) {
    const read = readMsml(body);
    assert.equal(read.ok ? 200 : read.error.response, wanted, id);
  }
});

test("vectors: what is written of a document is read as that document, strictly too", () => {
  for (const vector of vectors) {
    if (readCode(vector) !== 200) continue;
    const document = documentOf(vector.body);
    const written = writeMsml(document);
    assert.deepEqual(documentOf(written), document, vector.id);
    if (unsaid.has(vector.id)) continue;
    const strict = readMsml(written, { mode: "strict" });
    assert.ok(strict.ok, `${vector.id} ${strict.ok ? "" : strict.error.description}`);
  }
});

test("RFC 5707 11: each code that a reader decides has a vector, and each that an executor can be brought to", () => {
  const codes = new Set(vectors.map(({ expect }) => expect.response));
  const reader = [400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 420, 421, 422, 440, 521];
  const executor = [430, 431, 432, 441, 450, 520];
  for (const code of [...reader, ...executor]) assert.ok(codes.has(code as ResponseCode), String(code));
});
