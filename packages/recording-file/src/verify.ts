import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readFolder } from "./folder-reader.ts";
import { FRAME_BYTES, MAX_KNOWN_HASHES } from "./limits.ts";
import { chainHash } from "./segment-hash.ts";

/** The outcome of comparing a folder with its own hashes. */
export interface Integrity {
  /** `intact`: everything matches; `open`: what has a hash matches, the last segment has none yet; `damaged`: see `problems`. */
  readonly verdict: "intact" | "open" | "damaged";
  readonly problems: readonly string[];
}

interface KnownHash {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly sha256: string;
}

/**
 * Hashes of segments, remembered as long as the file has the same size and times: closed segments never change. For who looks at the
 * same folders again and again; an audit takes none, as only reading shows what a disk has lost.
 */
export class SegmentHashes {
  readonly #most: number;
  readonly #known = new Map<string, KnownHash>();
  /** Files that were read. */
  computed = 0;

  /** @param most segments that are remembered */
  constructor(most = MAX_KNOWN_HASHES) {
    this.#most = most;
  }

  async of(file: string): Promise<string> {
    const { size: bytes, mtimeMs, ctimeMs } = await stat(file);
    const known = this.#known.get(file);
    this.#known.delete(file);
    const same = known?.bytes === bytes && known.mtimeMs === mtimeMs && known.ctimeMs === ctimeMs;
    const entry = same ? known : { bytes, mtimeMs, ctimeMs, sha256: await this.#compute(file) };
    // The one used longest ago goes first.
    this.#known.set(file, entry);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) break;
      this.#known.delete(oldest);
    }
    return entry.sha256;
  }

  #compute(file: string): Promise<string> {
    this.computed += 1;
    return sha256Of(file);
  }
}

/**
 * Compares every segment's SHA-256 and the chain. Needs nothing but the folder.
 * @param hashes remembers what was read before; default: everything is read
 */
export async function verifyFolder(path: string, hashes?: SegmentHashes): Promise<Integrity> {
  const { manifest, segments } = await readFolder(path);
  const problems: string[] = [];
  if (manifest.start === undefined) problems.push("the manifest has no start line");
  // A crash may tear the line that it met; the recording is marked partial then.
  if (manifest.damagedAt.length > 0) problems.push(`lines of the manifest that cannot be read: ${manifest.damagedAt.join(", ")}`);
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
    const file = join(path, line.file);
    if ((await (hashes === undefined ? sha256Of(file) : hashes.of(file))) !== line.sha256)
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
