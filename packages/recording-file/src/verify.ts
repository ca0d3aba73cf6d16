import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { errorText } from "@sidetone/foundation";
import { type Finding, findingText } from "./finding.ts";
import { type FolderView, readFolder } from "./folder-reader.ts";
import { MANIFEST } from "./layout.ts";
import { FRAME_BYTES, FRAMES_PER_SECOND, MAX_KNOWN_HASHES } from "./limits.ts";
import { MANIFEST_VERSION, type Manifest } from "./manifest.ts";
import { chainHash } from "./segment-hash.ts";

/** The outcome of comparing a folder with its own hashes. */
export interface Integrity {
  /** `intact`: everything matches; `open`: what has a hash matches, the last segment has none yet; `damaged`: see `problems`. */
  readonly verdict: "intact" | "open" | "damaged";
  /** One line each, place and reason. */
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
  const { verdict, findings } = await inspectFolder(path, hashes);
  return { verdict, problems: findings.map(findingText) };
}

/** As `verifyFolder`, with what to do, and what the folder says of itself. Rejects where it cannot be read. */
export async function inspectFolder(
  path: string,
  hashes?: SegmentHashes,
): Promise<{ verdict: Integrity["verdict"]; findings: readonly Finding[]; view: FolderView }> {
  const view = await readFolder(path);
  const { manifest, segments } = view;
  const findings = manifestFindings(manifest);
  const bytesOf = new Map(segments.map((s) => [s.name, s.bytes]));
  let chain = "";
  let frames = 0;
  for (const line of manifest.segments) {
    const place = `${line.file} (${clockText(frames)} to ${clockText(frames + line.frames)})`;
    frames += line.frames;
    const find = (reason: string, remedy = RESTORE): void => void findings.push({ place, reason, remedy });
    chain = chainHash(chain, line.sha256);
    if (chain !== line.chain)
      find("breaks the chain of hashes: a line of the manifest was changed, added or taken out");
    chain = line.chain;
    const bytes = bytesOf.get(line.file);
    bytesOf.delete(line.file);
    if (bytes === undefined) {
      find("is missing");
      continue;
    }
    if (bytes !== line.frames * FRAME_BYTES) find(`has ${bytes} bytes instead of ${line.frames * FRAME_BYTES}`);
    const file = join(path, line.file);
    try {
      const sha256 = await (hashes === undefined ? sha256Of(file) : hashes.of(file));
      if (sha256 !== line.sha256) find("was changed: its hash differs");
    } catch (error) {
      find(`cannot be read: ${errorText(error)}`, READABLE);
    }
  }
  const unhashed = bytesOf.size;
  if (manifest.end !== undefined) {
    for (const place of bytesOf.keys())
      findings.push({ place, reason: "has no line in the manifest", remedy: RESTORE_MANIFEST });
    if (manifest.end.frames !== frames)
      findings.push({
        place: MANIFEST,
        reason: `says ${clockText(manifest.end.frames)} at its end, but lists ${clockText(frames)} of segments`,
        remedy: RESTORE_MANIFEST,
      });
  }
  if (findings.length > 0) return { verdict: "damaged", findings, view };
  return { verdict: unhashed > 0 || manifest.end === undefined ? "open" : "intact", findings, view };
}

const RESTORE =
  "Put the file back from a backup or from the recording's second copy; what else the folder holds can be heard as it is.";
const RESTORE_MANIFEST = `Put ${MANIFEST} back from a backup or from the recording's second copy; the audio beside it can be heard as it is.`;
const READABLE = "Make it readable for this user; where the disk fails (kernel log), put it back from a backup.";

function manifestFindings({ otherVersion, start, damagedAt, tornTail, end }: Manifest): Finding[] {
  const findings: Finding[] = [];
  const find = (reason: string, remedy = RESTORE_MANIFEST): void =>
    void findings.push({ place: MANIFEST, reason, remedy });
  if (otherVersion !== undefined) {
    const reason = `has version ${otherVersion}; this Sidetone reads version ${MANIFEST_VERSION}`;
    find(reason, "Use the Sidetone that wrote it, or a newer one.");
  } else if (start === undefined) find("has no start line");
  // The last line of a recording that is being written, or was when its recorder died, may be half there.
  const lines = tornTail && end === undefined ? damagedAt.slice(0, -1) : damagedAt;
  if (lines.length > 0) find(`has lines that cannot be read: ${lines.join(", ")}`);
  return findings;
}

/** Position in a recording as `m:ss.mmm`. */
function clockText(frames: number): string {
  const ms = Math.round((frames * 1000) / FRAMES_PER_SECOND);
  const seconds = ((ms % 60_000) / 1000).toFixed(3).padStart(6, "0");
  return `${Math.floor(ms / 60_000)}:${seconds}`;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
