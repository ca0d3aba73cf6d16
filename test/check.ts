/** `npm run check`: types, lint, format, and the rules of the house that no linter knows. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const MAX_LINES = 600;
let passed = 0;
let failed = 0;

function verdict(name: string, problems: readonly string[]): void {
  if (problems.length === 0) {
    passed += 1;
    console.log(`ok   ${name}`);
    return;
  }
  failed += 1;
  console.log(`FAIL ${name}\n${problems.map((line) => `     ${line}`).join("\n")}`);
}

function tool(name: string, program: string, args: readonly string[]): void {
  const ran = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  const output = `${ran.stdout ?? ""}${ran.stderr ?? ""}${ran.error?.message ?? ""}`.trim();
  verdict(name, ran.status === 0 ? [] : output.split("\n").slice(0, 60));
}

function sources(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root })
    .filter((file) => !file.includes("node_modules"))
    .sort();
}

/** Layer of a workspace folder: what is lower may be imported, what is beside or above may not. */
const layers = ["packages", "services", "cli"];
interface Workspace {
  readonly folder: string;
  readonly layer: number;
  readonly dependencies: readonly string[];
  /** What others may import of it. */
  readonly doors: readonly string[];
}
const workspaces = new Map<string, Workspace>();
for (const file of sources("packages/*/package.json", "services/*/package.json", "cli/package.json")) {
  const manifest = JSON.parse(readFileSync(join(root, file), "utf8")) as {
    name: string;
    dependencies?: Record<string, string>;
    exports?: string | Record<string, string>;
  };
  const folder = dirname(file);
  const paths = typeof manifest.exports === "object" ? Object.keys(manifest.exports) : ["."];
  workspaces.set(manifest.name, {
    folder,
    layer: layers.indexOf(folder.split("/")[0] ?? ""),
    dependencies: Object.keys(manifest.dependencies ?? {}),
    doors: paths.map((path) => join(manifest.name, path)),
  });
}

/** Modules that a source imports. Comments and strings may look alike; a wrong line here is worth a look anyway. */
function imports(text: string): string[] {
  const statements =
    /^(?:import|export)\s[^"';]*?from\s+"([^"\n]{1,200})"|^import\s+"([^"\n]{1,200})"|\bimport\("([^"\n]{1,200})"\)/gm;
  return Array.from(text.matchAll(statements), (match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function directionProblems(): string[] {
  const problems: string[] = [];
  for (const [name, { folder, layer, dependencies }] of workspaces) {
    for (const file of sources(`${folder}/**/*.{ts,tsx}`)) {
      const isTest = file.endsWith(".test.ts") || file.endsWith(".fixture.ts");
      for (const imported of imports(readFileSync(join(root, file), "utf8"))) {
        if (imported.startsWith(".")) {
          const target = join(dirname(file), imported);
          if (!target.startsWith(`${folder}/`) && !isTest)
            problems.push(`${file} reaches out of its workspace: ${imported}`);
          continue;
        }
        const parts = imported.split("/");
        const owner = imported.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
        if (owner === name || imported.startsWith("node:")) continue;
        const other = workspaces.get(owner);
        if (!isTest && !dependencies.includes(owner))
          problems.push(`${file} imports ${owner}, which its package.json does not name`);
        if (other === undefined) continue;
        if (!other.doors.includes(imported))
          problems.push(`${file} goes around the public doors of ${owner}: ${imported}`);
        if (other.layer > layer) problems.push(`${file} imports upwards: ${imported}`);
        if (other.layer === layer && layer === 1)
          problems.push(`${file} is a service that imports a service: ${imported}`);
      }
    }
  }
  return problems;
}

function cycleProblems(): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      problems.push([...path.slice(path.indexOf(name)), name].join(" → "));
      return;
    }
    if (done.has(name)) return;
    for (const next of workspaces.get(name)?.dependencies ?? []) if (workspaces.has(next)) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of workspaces.keys()) visit(name, []);
  return problems;
}

function lengthProblems(): string[] {
  return sources("{packages,services,cli,test,bench}/**/*.{ts,tsx}").flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n").length;
    return lines > MAX_LINES ? [`${file}: ${lines} lines, more than ${MAX_LINES}`] : [];
  });
}

/** A page under docs/flows names files like `services/.../x.ts`; each must exist. */
function flowProblems(): string[] {
  return sources("docs/flows/*.md").flatMap((page) => {
    const named = readFileSync(join(root, page), "utf8").matchAll(/\b((?:packages|services|cli)\/[\w./-]+\.ts)\b/g);
    return Array.from(named, (match) => match[1] ?? "").flatMap((file) =>
      existsSync(join(root, file)) ? [] : [`${page} names ${file}, which does not exist`],
    );
  });
}

tool("types (tsc)", bin("tsc"), ["-p", "."]);
tool("types of the console's page (tsc)", bin("tsc"), ["-p", "services/console/web"]);
tool("types of the browser tests (tsc)", bin("tsc"), ["-p", "test/browser"]);
tool("lint (oxlint)", bin("oxlint"), ["--type-aware", "--quiet"]);
tool("format (biome)", bin("biome"), ["format", "."]);
verdict("imports go one way: packages ← services ← cli, services meet on the wire", directionProblems());
verdict("workspaces have no cycle", cycleProblems());
verdict(`no file above ${MAX_LINES} lines`, lengthProblems());
verdict("flow pages name files that exist", flowProblems());
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
