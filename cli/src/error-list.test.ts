import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

/** Places where a code stands as text: thrown, answered, or listed for later. */
const patterns = [
  /new SidetoneError\(\s*(?:[\w.?]+ \?\? )?"([a-z-]+)"/g,
  /new SidetoneError\([^;]{1,60}\?\? "([a-z-]+)"/g,
  /\bproblem\(\s*\w+,\s*"([a-z-]+)"/g,
  /\bcode: "([a-z-]+)", (?:message|remedy)\b/g,
  /\bcode: "([a-z-]+)",\s+remedy:/g,
  /^ {2}"([a-z-]+)": "[A-Z][^"]*\."?,$/gm,
];

function inSources(): Map<string, string> {
  const found = new Map<string, string>();
  const files = globSync(["packages/*/src/**/*.ts", "services/*/src/**/*.ts", "cli/src/**/*.ts"], { cwd: root });
  for (const file of files) {
    if (file.endsWith(".test.ts") || file.startsWith("packages/testing/")) continue;
    const text = readFileSync(join(root, file), "utf8");
    if (!text.includes("SidetoneError") && !text.includes("problem(")) continue;
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) found.set(match[1] ?? "", file);
  }
  return found;
}

function inList(): Set<string> {
  const codes = new Set<string>();
  for (const line of readFileSync(join(root, "docs/errors.md"), "utf8").split("\n")) {
    if (!line.startsWith("| `")) continue;
    for (const match of (line.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)) {
      assert(!codes.has(match[1] ?? ""), `docs/errors.md lists ${match[1]} twice`);
      codes.add(match[1] ?? "");
    }
  }
  return codes;
}

test("docs/errors.md lists every error code, and no other", () => {
  const sources = inSources();
  const list = inList();
  assert(list.size > 50);
  const unlisted = Array.from(sources).filter(([code]) => !list.has(code));
  assert.deepEqual(unlisted, [], "codes that docs/errors.md lacks");
  assert.deepEqual(
    Array.from(list).filter((code) => !sources.has(code)),
    [],
    "codes of docs/errors.md that no code gives",
  );
});
