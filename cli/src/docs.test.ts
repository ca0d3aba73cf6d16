import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
const documents = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root })];

test("links between the documents, and the files that they name, exist", () => {
  const missing: string[] = [];
  for (const document of documents) {
    const text = readFileSync(join(root, document), "utf8");
    for (const [, link = ""] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(document), link)))
        missing.push(`${document}: ${link}`);
    }
    for (const [path] of text.matchAll(/\b(?:packages|services|cli|test)\/[\w./-]+\.ts\b/g)) {
      if (!existsSync(join(root, path))) missing.push(`${document}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("docs/operators.md, or docs/console.md, names every key of the configuration", () => {
  const text = ["docs/operators.md", "docs/console.md", "sidetone.yaml"]
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const missing: string[] = [];
  for (const file of globSync("packages/config/src/sections/*.ts", { cwd: root })) {
    for (const [, key = ""] of readFileSync(join(root, file), "utf8").matchAll(
      /^\s+"?([a-z][a-z0-9-]*)"?: (?:required|optional)/gm,
    )) {
      if (!text.includes(key)) missing.push(key);
    }
  }
  assert.deepEqual(missing, []);
});
