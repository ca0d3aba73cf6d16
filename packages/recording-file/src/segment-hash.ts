import { createHash } from "node:crypto";

/** Chain value after a segment: SHA-256 over the previous value and the segment's hash, both as lower-case hex. The first one follows "". */
export function chainHash(previous: string, segmentHash: string): string {
  return createHash("sha256").update(previous).update(segmentHash).digest("hex");
}
