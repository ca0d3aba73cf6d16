import { join } from "node:path";
import { rfc3339 } from "@sidetone/foundation";
import { MAX_FOLDER_NAME } from "./limits.ts";

/** Name of the append-only journal inside a recording's folder. */
export const MANIFEST = "manifest.jsonl";
/** Folder below the storage that holds one empty marker file per recording that is being written. */
export const OPEN_MARKERS = ".open";

/** File in the root folder by which a recorder has the storage for itself; stays when it has ended. */
export const STORAGE_LOCK = ".lock";

const SAFE = /^[A-Za-z0-9._-]$/;

/**
 * A recording id as the name of a folder: `[A-Za-z0-9._-]` stay, every other byte becomes `%XX`, so that two ids never share a name.
 * A leading dot is escaped too (`..`, hidden files). A name that would be too long is cut; the caller sees that it is taken and numbers it.
 */
export function folderName(id: string): string {
  let name = "";
  for (const byte of Buffer.from(id, "utf8")) {
    const char = String.fromCharCode(byte);
    const safe = SAFE.test(char) && !(name === "" && char === ".");
    const piece = safe ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    if (name.length + piece.length > MAX_FOLDER_NAME) break;
    name += piece;
  }
  return name === "" ? "%" : name;
}

/** `YYYY/MM/DD/<name>` below the storage; the date is that of `wallMicros` in UTC. */
export function relativeFolder(name: string, wallMicros: number): string {
  return join(...rfc3339(wallMicros).slice(0, 10).split("-"), name);
}

/** Name of the `n`-th segment, from 1. */
export function segmentName(n: number): string {
  return `audio-${String(n).padStart(6, "0")}.g711`;
}

/** The number of a segment's file name; `undefined` where it is not one. */
export function segmentNumber(name: string): number | undefined {
  if (!name.startsWith("audio-") || !name.endsWith(".g711")) return undefined;
  const n = Number(name.slice("audio-".length, -".g711".length));
  return Number.isInteger(n) && n > 0 ? n : undefined;
}

/** File name of the marker of an open recording: its relative folder with `/` as `+` (which no folder name contains). */
export function markerName(relative: string): string {
  return relative.split(/[\\/]/).join("+");
}

/** The relative folder that a marker stands for. */
export function folderOfMarker(marker: string): string {
  return join(...marker.split("+"));
}
