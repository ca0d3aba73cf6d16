import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rfc3339 } from "@sidetone/foundation";
import { FRAMES_PER_SECOND, formatLine, MANIFEST, SEGMENT_FRAMES } from "@sidetone/recording-file";

/**
 * A recording of many minutes, whole and with all its hashes, as a recorder would have left it: every minute is the same one.
 * @param minute stereo µ-law of 60 s
 * @param startMicros begin, wall clock
 * @returns its folder, below the storage
 */
export function longRecording(root: string, id: string, minutes: number, minute: Buffer, startMicros: number): string {
  const at = rfc3339(startMicros);
  const folder = join(...at.slice(0, 10).split("-"), id);
  mkdirSync(join(root, folder), { recursive: true });
  const given = { callUuid: undefined, connId: undefined, copy: 1, epoch: 1, at, parameters: { dn: "7999" } };
  let text =
    formatLine({ type: "start", version: 1, id, fileName: id, ...given }) +
    formatLine({ type: "zero", at, wallMicros: startMicros, codec: "pcmu" });
  const sha256 = createHash("sha256").update(minute).digest("hex");
  let chain = "";
  for (let n = 1; n <= minutes; n++) {
    const file = `audio-${String(n).padStart(6, "0")}.g711`;
    writeFileSync(join(root, folder, file), minute);
    chain = createHash("sha256").update(chain).update(sha256).digest("hex");
    text += formatLine({ type: "segment", file, frames: SEGMENT_FRAMES, sha256, chain });
  }
  const frames = minutes * SEGMENT_FRAMES;
  const end = rfc3339(startMicros + (frames / FRAMES_PER_SECOND) * 1_000_000);
  text += formatLine({ type: "end", at: end, frames, state: "complete", reason: "bye" });
  writeFileSync(join(root, folder, MANIFEST), text);
  return folder;
}
