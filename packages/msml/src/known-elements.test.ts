import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { responseCodes } from "./index.ts";
import { servedElements, unservedElements } from "./known-elements.ts";

const folder = new URL("../", import.meta.url);
const docs = readFileSync(new URL("../../docs/msml.md", folder), "utf8");
const schema = ["msml.xsd", "recorder.xsd"]
  .map((name) => readFileSync(new URL(`schema/${name}`, folder), "utf8"))
  .join();

test("every element that is served is in the schema, and in docs/msml.md; none is served and not served", () => {
  /** Parts of what a result or an event holds: no request. */
  const unlisted = new Set([
    "event",
    "auditresult",
    "resource",
    "asn",
    "n-loudest",
    "rec:param",
    "rec:user-param",
    "rec:stream",
  ]);
  for (const name of servedElements) {
    assert.ok(schema.includes(`element name="${name.replace("rec:", "")}"`), name);
    assert.ok(unlisted.has(name) || docs.includes(`\`${name}`), name);
    assert.ok(!unservedElements.has(name), name);
  }
  for (const name of unservedElements) assert.ok(!schema.includes(`element name="${name}"`), name);
});

test("every response code is in docs/msml.md", () => {
  for (const code of Object.keys(responseCodes)) {
    if (["200", "426", "434"].includes(code)) continue;
    assert.match(docs, new RegExp(`\\| (?:\\d{3}, )*${code}[ ,]`), code);
  }
});
