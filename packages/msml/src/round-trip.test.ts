import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyDocument, script } from "./documents.fixture.ts";
import { readMoml, readMsml, responseCodes, writeMoml, writeMsml } from "./index.ts";

test("any document that is written is read as it was, leniently and strictly", () => {
  fc.assert(
    fc.property(anyDocument, (document) => {
      const written = writeMsml(document);
      for (const mode of ["lenient", "strict"] as const) {
        const read = readMsml(written, { mode });
        assert.ok(read.ok, read.ok ? "" : `${mode} ${read.error.description}\n${written}`);
        assert.deepEqual(read.value, document);
      }
    }),
    { numRuns: 400 },
  );
});

test("RFC 5707 9.7.6: any dialog that is written on its own is read as it was", () => {
  fc.assert(
    fc.property(script, (steps) => {
      const read = readMoml(writeMoml(steps, "d1"), { mode: "strict" });
      assert.ok(read.ok, read.ok ? "" : read.error.description);
      assert.deepEqual(read.value, steps);
    }),
    { numRuns: 200 },
  );
});

test("wire input never throws: a document that is cut, or in which something is replaced, has a document or a code", () => {
  const pieces = [
    "",
    "<",
    '"',
    "conn:*",
    "-1",
    "</msml>",
    "<play/>",
    "x y",
    "&#0;",
    ' a="b"',
    "<![CDATA[",
    "9".repeat(40),
  ];
  fc.assert(
    fc.property(
      anyDocument,
      fc.nat(),
      fc.nat({ max: 24 }),
      fc.constantFrom(...pieces),
      (document, at, length, piece) => {
        const written = writeMsml(document);
        const start = at % written.length;
        const read = readMsml(written.slice(0, start) + piece + written.slice(start + length));
        if (!read.ok) assert.ok(Object.hasOwn(responseCodes, read.error.response));
      },
    ),
    { numRuns: 600 },
  );
});
