import { createHash } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import { builtFor } from "./limits.ts";

const web = join(import.meta.dirname, "../web");
const packages = join(import.meta.dirname, "../../../packages");
const dist = join(import.meta.dirname, "../dist");
/** Written last: a folder that has it is whole. */
const mark = "built";

/** A file of the web application. */
export interface PageFile {
  /** Path in URLs, such as `/assets/main-1a2b3c.js`. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * The web application's files, built by Vite into `dist/` where no build of these sources is there yet.
 * @throws SidetoneError `console-not-built`
 */
export async function builtPages(log: Logger): Promise<readonly PageFile[]> {
  const hash = sourcesHash();
  const there = join(dist, hash);
  if (isWhole(there)) return filesOf(there);
  const startedAt = performance.now();
  const folder = await build(hash);
  log.info({ ms: Math.round(performance.now() - startedAt) }, "the console's pages are built");
  return filesOf(folder);
}

/** Content, not times, tells: a clone has new times and the same sources. */
function sourcesHash(): string {
  const files = [
    ...globSync("**/*.{ts,tsx,css,html,svg}", { cwd: web }).map((file) => join(web, file)),
    ...globSync(["{tlib,foundation}/src/**/*.ts", "config/src/pattern.ts"], { cwd: packages }).map((file) =>
      join(packages, file),
    ),
  ].filter((file) => !/\.(test|fixture)\.ts$/.test(file));
  const hash = createHash("sha256").update(builtFor);
  for (const file of files.toSorted())
    hash.update(relative(web, file)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

function isWhole(folder: string): boolean {
  return statSync(join(folder, mark), { throwIfNoEntry: false }) !== undefined;
}

/** Builds beside and renames: several consoles may start at once. */
async function build(hash: string): Promise<string> {
  const own = workFolder();
  try {
    const { build: vite } = await import("vite");
    await vite({
      configFile: false,
      root: web,
      logLevel: "error",
      envFile: false,
      publicDir: false,
      esbuild: { jsx: "automatic", jsxImportSource: "preact" },
      build: {
        outDir: own,
        emptyOutDir: true,
        target: "es2023",
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
      },
    });
    writeFileSync(join(own, mark), `${hash}\n`);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    throw new SidetoneError("console-not-built", `The console's pages cannot be built: ${errorText(error)}`, {
      exit: 1,
      remedy: "Run npm ci; vite, which builds them, is one of its packages.",
      cause: error,
    });
  }
  const there = join(dist, hash);
  try {
    renameSync(own, there);
    return there;
  } catch {
    // Somebody else was faster, or the folder is not ours to write: our own copy is as good.
    return isWhole(there) ? there : own;
  }
}

function workFolder(): string {
  try {
    mkdirSync(dist, { recursive: true });
    return mkdtempSync(join(dist, "building-"));
  } catch {
    return mkdtempSync(join(tmpdir(), "sidetone-console-"));
  }
}

function filesOf(folder: string): PageFile[] {
  return globSync("**/*", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== mark)
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return { path: `/${relative(folder, file)}`, content: readFileSync(file) };
    });
}
