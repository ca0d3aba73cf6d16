import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

/** Modules that a source loads at run time: what is left of its imports when the types are gone. */
function loads(file: string): string[] {
  const source = stripTypeScriptTypes(readFileSync(file, "utf8"));
  const statements = /\b(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;
  return Array.from(source.matchAll(statements), (match) => match[1] ?? match[2] ?? "");
}

function graph(entry: string): { readonly files: string[]; readonly foreign: string[] } {
  const files = new Set<string>();
  const foreign = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const specifier of loads(file)) {
      if (specifier.startsWith(".")) visit(fileURLToPath(new URL(specifier, `file://${file}`)));
      else if (specifier.startsWith("@sidetone/")) visit(fileURLToPath(import.meta.resolve(specifier)));
      else foreign.add(specifier);
    }
  };
  visit(entry);
  return { files: Array.from(files), foreign: Array.from(foreign) };
}

const client = fileURLToPath(import.meta.resolve("@sidetone/tlib/client"));

test("The client loads in a browser: no node: module, no typebox, nothing that is not ours", () => {
  const { files, foreign } = graph(client);
  assert.deepEqual(foreign, []);
  assert.ok(files.length > 20, "the graph was followed");
  assert.ok(
    files.every((file) => !file.includes("/server-") || file.endsWith("/server-envelope.ts")),
    files.join("\n"),
  );
});

test("The scan sees what the schema loads, so it would see it in the client", () => {
  const { foreign } = graph(fileURLToPath(import.meta.resolve("@sidetone/tlib/schema")));
  assert.ok(foreign.includes("typebox"));
});

test("What the client loads uses no global that only Node.js has", () => {
  for (const file of graph(client).files) {
    // Functions of the foundation that a client does not call.
    if (/\/(random|manual-clock)\.ts$/.test(file)) continue;
    const source = stripTypeScriptTypes(readFileSync(file, "utf8")).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    assert.doesNotMatch(source, /\b(Buffer|process|setImmediate|require|__dirname|global)\b[.(]/, file);
  }
});
