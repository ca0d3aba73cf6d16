import { type FileCodec, type Manifest, readFolder } from "@sidetone/recording-file";
import type { ContinuedAt } from "../media/recording-media.ts";

/** The manifest of a folder; undefined where it cannot be read. */
export async function manifestIn(path: string): Promise<Manifest | undefined> {
  const view = await readFolder(path).catch(() => undefined);
  return view?.manifest;
}

/** R30, R31: where a recording of this storage goes on, by what its manifest says of the time before. */
export function continuedAt(frames: number, codec: FileCodec, manifest: Manifest | undefined): ContinuedAt {
  const events = manifest?.events ?? [];
  const last = events.findLast(({ event }) => event === "pause" || event === "resume");
  return {
    frames,
    codec,
    anchors: (manifest?.anchors ?? []).map(({ channel, ssrc, rtp, frame }) => ({ channel, ssrc, rtp, frame })),
    // What is missing stays missing.
    damaged: events.some(({ event, cause }) => event === "part" || (event === "gap" && missing.has(String(cause)))),
    paused: last?.event === "pause",
  };
}

/** Causes of gaps that are no silence of the call. */
const missing: ReadonlySet<string> = new Set(["session", "storage"]);
