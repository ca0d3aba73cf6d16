import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Folder above which no module is served. */
const root = join(import.meta.dirname, "../../..");
/** What is left of imports and exports when the types are gone; ours stand at the beginning of a line. */
const statements = /^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"/gm;

/** Path at which a browser finds a module: `/code/` and its place in the source. */
export function modulePath(file: string): string {
  return `/code/${relative(root, file).split(sep).join("/")}`;
}

/**
 * A TypeScript module and everything that it imports, as a browser takes it: URL path → JavaScript. Types are blanked out, as Node
 * does it, and names of packages become paths; nothing is bundled, so the page runs the very sources that are here.
 */
export function browserModules(entry: string): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  const add = (file: string): void => {
    const path = modulePath(file);
    if (modules.has(path)) return;
    const source = stripTypeScriptTypes(readFileSync(file, "utf8"));
    modules.set(path, ""); // a cycle ends here
    const imported: string[] = [];
    const code = source.replaceAll(statements, (statement, from: string | undefined, bare: string | undefined) => {
      const specifier = from ?? bare ?? "";
      const target = resolve(specifier, file);
      imported.push(target);
      return statement.replace(`"${specifier}"`, `"${modulePath(target)}"`);
    });
    modules.set(path, code);
    imported.forEach(add);
  };
  add(entry);
  return modules;
}

/** File of an import. Only our own packages have sources that a browser can take. */
function resolve(specifier: string, importer: string): string {
  if (specifier.startsWith(".")) return fileURLToPath(new URL(specifier, pathToFileURL(importer)));
  if (specifier.startsWith("@sidetone/")) return fileURLToPath(import.meta.resolve(specifier));
  throw new Error(`${importer} imports ${specifier}, which no browser can load`);
}
