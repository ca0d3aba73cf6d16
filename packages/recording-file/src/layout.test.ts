import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { folderName, folderOfMarker, markerName, relativeFolder, segmentName, segmentNumber } from "./layout.ts";

test("R8: an id of [A-Za-z0-9._-] is its own folder name", () => {
  assert.equal(folderName("JBNIHE6GIL09DCQ7_2026-11.20"), "JBNIHE6GIL09DCQ7_2026-11.20");
});

test("R8: a name never leaves its folder, and two ids never share one", () => {
  assert.equal(folderName(".."), "%2E.");
  assert.equal(folderName("a/../b"), "a%2F..%2Fb");
  assert.equal(folderName(""), "%");
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (a, b) => {
      const name = folderName(a);
      assert.ok(!name.includes("/") && !name.startsWith(".") && !name.includes("~") && name !== "");
      if (a.isWellFormed() && b.isWellFormed() && a !== b) assert.notEqual(folderName(a), folderName(b));
    }),
  );
});

test("the folder's date is that of the start in UTC; its marker leads back to it", () => {
  const folder = relativeFolder("abc", Date.UTC(2026, 10, 20, 23, 59) * 1000);
  assert.equal(folder, "2026/11/20/abc");
  assert.equal(folderOfMarker(markerName(folder)), folder);
});

test("segment names count and are recognised", () => {
  assert.equal(segmentNumber(segmentName(7)), 7);
  assert.equal(segmentNumber("audio-x.g711"), undefined);
  assert.equal(segmentNumber("manifest.jsonl"), undefined);
});
