import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ResponseCode } from "../src/response-codes.ts";

/** What `expect.json` of a vector says; README.md describes the members. */
export interface Expectation {
  readonly source: string;
  readonly title: string;
  readonly response: ResponseCode;
  readonly decidedBy: "reader" | "executor";
  readonly place?: string;
  readonly strict?: ResponseCode;
  readonly mark?: string;
  readonly confIds?: number;
  readonly dialogIds?: number;
  readonly recorderIds?: number;
  readonly connections?: readonly string[];
  readonly beforeResponses?: readonly ResponseCode[];
  readonly after?: string;
  readonly repaired?: string;
  readonly defects?: readonly string[];
  readonly published?: { readonly response: ResponseCode; readonly defects: readonly string[] };
}

/** One folder of vectors. */
export interface Vector {
  /** `rfc5707/13.2-01`. */
  readonly id: string;
  readonly kind: "request" | "result" | "event";
  /** File of the document, for a validator. */
  readonly file: string;
  readonly body: Uint8Array;
  /** The document as it was published, where it had to be repaired. */
  readonly published?: { readonly file: string; readonly body: Uint8Array };
  /** Requests that go before, in order. */
  readonly before: readonly Uint8Array[];
  readonly expect: Expectation;
}

const here = fileURLToPath(new URL(".", import.meta.url));
const kinds = ["request", "result", "event"] as const;

/** All vectors, or those of some groups (`rfc5707`, `response-codes`, `execution`, `recorder`, `lenient`). */
export function loadVectors(groups: readonly string[] = groupNames()): Vector[] {
  return groups.flatMap((group) => foldersIn(group).map((name) => loadVector(`${group}/${name}`)));
}

function groupNames(): string[] {
  return foldersIn("");
}

function foldersIn(path: string): string[] {
  const entries = readdirSync(here + path, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

function loadVector(id: string): Vector {
  const folder = `${here}${id}/`;
  const kind = kinds.find((name) => existsSync(`${folder}${name}.xml`));
  if (kind === undefined) throw new Error(`${id}: no document`);
  const file = `${folder}${kind}.xml`;
  const original = `${folder}published.xml`;
  const earlier = `${folder}before/`;
  const before = existsSync(earlier) ? readdirSync(earlier).sort() : [];
  return {
    id,
    kind,
    file,
    body: readFileSync(file),
    ...(existsSync(original) ? { published: { file: original, body: readFileSync(original) } } : {}),
    before: before.map((name) => readFileSync(earlier + name)),
    expect: JSON.parse(readFileSync(`${folder}expect.json`, "utf8")) as Expectation,
  };
}
