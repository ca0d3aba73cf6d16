import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { metadataWarnings } from "@sidetone/siprec";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("docs/errors.md lists every warning that a session can give, and every one of metadata", () => {
  const doc = readFileSync(`${root}/docs/errors.md`, "utf8");
  const listed = new Set(Array.from(doc.matchAll(/^\| [a-z]+ \| `([a-z0-9-]+)` \|/gm), ([, code]) => code));
  const given = new Set(Object.keys(metadataWarnings).map((code) => `metadata-${code}`));
  for (const file of globSync("services/recorder/src/recording-session/*.ts", { cwd: root })) {
    if (file.endsWith(".test.ts")) continue;
    const text = readFileSync(`${root}/${file}`, "utf8");
    for (const [, code] of text.matchAll(/(?:push\(\{ code: |warn\(|: \[\{ code: |\[\{ code: )"([a-z-]+)"/g))
      given.add(code ?? "");
  }
  assert.ok(given.size > Object.keys(metadataWarnings).length + 8);
  assert.deepEqual(
    Array.from(given).filter((code) => !listed.has(code)),
    [],
  );
});
