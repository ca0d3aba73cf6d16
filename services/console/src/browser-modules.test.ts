import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { browserModules, modulePath } from "./browser-modules.ts";
import { admin, consoleFor } from "./console.fixture.ts";

const entry = join(import.meta.dirname, "../web/live.ts");

test("the page's module and all that it imports are served as JavaScript, types gone, nothing beside them", async (t) => {
  const { http } = await consoleFor(t, ["http://127.0.0.1:1"]);
  const seen = new Set<string>();
  const load = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const answer = await fetch(http + path, { headers: admin });
    assert.deepEqual([path, answer.status], [path, 200]);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/javascript/);
    assert.match(answer.headers.get("content-security-policy") ?? "", /script-src 'self';/);
    const code = await answer.text();
    for (const [, from, bare] of code.matchAll(
      /^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"/gm,
    )) {
      const specifier = from ?? bare ?? "";
      assert.match(specifier, /^\/code\//, `${path} imports ${specifier}`);
      await load(specifier);
    }
  };
  await load(modulePath(entry));
  assert.ok(seen.has("/code/packages/tlib/src/client/client.ts"), "the client is the package's own");
  assert.ok(!Array.from(seen).some((path) => path.includes("/server-connection")), "the server's side is not in it");
  assert.equal(seen.size, browserModules(entry).size);
  for (const path of ["/code/package.json", "/code/packages/config/src/load.ts", "/code/..%2f..%2fetc/passwd"]) {
    assert.equal((await fetch(http + path, { headers: admin })).status, 404, path);
  }
  assert.equal((await fetch(http + modulePath(entry))).status, 401);
});

test("what no browser can load is a mistake at the start, with the place", (t) => {
  const folder = mkdtempSync(join(import.meta.dirname, ".modules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write("b.ts", 'import { a } from "./a.ts";\nexport const b: number = 1;\nexport const again = (): unknown => a;\n');
  const a = write(
    "a.ts",
    'import type { Server } from "node:net";\nimport { b } from "./b.ts";\nexport const a = b;\n',
  );
  const modules = browserModules(a);
  assert.deepEqual(Array.from(modules.keys()), [modulePath(a), modulePath(join(folder, "b.ts"))], "a cycle has an end");
  assert.ok(!Array.from(modules.values()).join("").includes("node:net"), "an import of types is gone");
  assert.throws(() => browserModules(write("c.ts", 'import { join } from "node:path";\n')), /c\.ts imports node:path/);
});
