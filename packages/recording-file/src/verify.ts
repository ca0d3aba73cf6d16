import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readFolder } from "./folder-reader.ts";
import { FRAME_BYTES } from "./limits.ts";
import { chainHash } from "./segment-hash.ts";

/** The outcome of comparing a folder with its own hashes. */
export interface Integrity {
  /** `intact`: everything matches; `open`: what has a hash matches, the last segment has none yet; `damaged`: see `problems`. */
  readonly verdict: "intact" | "open" | "damaged";
  readonly problems: readonly string[];
}

/** Recomputes every segment's SHA-256 and the chain. Needs nothing but the folder. */
export async function verifyFolder(path: string): Promise<Integrity> {
  const { manifest, segments } = await readFolder(path);
  const problems: string[] = [];
  if (manifest.start === undefined) problems.push("the manifest has no start line");
  // A crash may tear the line that it met; the recording is marked partial then.
  if (manifest.damagedLines > 0 && manifest.end?.state !== "partial")
    problems.push(`${manifest.damagedLines} lines of the manifest cannot be read`);
  const bytesOf = new Map(segments.map((s) => [s.name, s.bytes]));
  let chain = "";
  for (const line of manifest.segments) {
    chain = chainHash(chain, line.sha256);
    if (chain !== line.chain) problems.push(`${line.file}: its line breaks the chain of hashes`);
    chain = line.chain;
    const bytes = bytesOf.get(line.file);
    bytesOf.delete(line.file);
    if (bytes === undefined) {
      problems.push(`${line.file} is missing`);
      continue;
    }
    if (bytes !== line.frames * FRAME_BYTES)
      problems.push(`${line.file} has ${bytes} bytes instead of ${line.frames * FRAME_BYTES}`);
    if ((await sha256Of(join(path, line.file))) !== line.sha256)
      problems.push(`${line.file} was changed: its hash differs`);
  }
  const unhashed = bytesOf.size;
  if (manifest.end !== undefined)
    for (const name of bytesOf.keys()) problems.push(`${name} has no line in the manifest`);
  if (problems.length > 0) return { verdict: "damaged", problems };
  return { verdict: unhashed > 0 || manifest.end === undefined ? "open" : "intact", problems };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
