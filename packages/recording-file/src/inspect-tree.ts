import { type Dirent, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SidetoneError, errorText } from "@sidetone/foundation";
import type { Finding } from "./finding.ts";
import { MANIFEST, OPEN_MARKERS, STORAGE_LOCK, markerName, segmentNumber } from "./layout.ts";
import type { RecordingState } from "./manifest.ts";
import { inspectFolder } from "./verify.ts";

/** What was found of one recording. */
export interface Inspected {
  /** Its folder, below what was looked at; "." where that is the folder itself. */
  readonly folder: string;
  readonly id: string | undefined;
  readonly state: RecordingState | undefined;
  readonly frames: number;
  /** `unreadable`: its folder or manifest cannot be read. */
  readonly verdict: "intact" | "open" | "damaged" | "unreadable";
  readonly findings: readonly Finding[];
}

/**
 * Looks at every recording at or below a path, whatever the path is: a recording's folder, a day, a whole storage, or a copy of any of them. A
 * storage may have none yet.
 * @throws SidetoneError `path-not-found`, `path-not-readable`, `no-recordings` (exit 1).
 */
export async function* inspectTree(path: string): AsyncGenerator<Inspected> {
  const top = resolve(path);
  const found = await stat(top).catch((error: unknown) => {
    throw unreachable(top, error);
  });
  const folder = found.isDirectory() ? top : dirname(top);
  if (!found.isDirectory() && !isPart(basename(top))) throw noRecordings(top, "is a file, and none of a recording");
  let any = false;
  for await (const each of recordingsBelow(folder, true)) {
    any = true;
    if ("error" in each) yield unreadable(folder, each.path, each.error);
    else yield await inspected(folder, each.path);
  }
  // A recorder's storage may be empty; any other folder is the wrong one.
  if (!any && !existsSync(join(folder, OPEN_MARKERS)) && !existsSync(join(folder, STORAGE_LOCK)))
    throw noRecordings(top, `holds no recording: nothing below it has a ${MANIFEST}, and no recorder stores here`);
}

/** A folder that holds a recording, or that could not be read. */
type Seen = { readonly path: string } | { readonly path: string; readonly error: unknown };

async function* recordingsBelow(path: string, top: boolean): AsyncGenerator<Seen> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (top) throw unreachable(path, error);
    yield { path, error };
    return;
  }
  if (entries.some((e) => isPart(e.name))) {
    yield { path };
    return;
  }
  const folders = entries.filter((e) => e.isDirectory() && !e.name.startsWith("."));
  for (const { name } of folders.sort((a, b) => (a.name < b.name ? -1 : 1)))
    yield* recordingsBelow(join(path, name), false);
}

function isPart(name: string): boolean {
  return name === MANIFEST || segmentNumber(name) !== undefined;
}

async function inspected(top: string, path: string): Promise<Inspected> {
  try {
    const { verdict, findings, view } = await inspectFolder(path);
    const { start, end } = view.manifest;
    const cut = verdict === "open" && end === undefined ? cutOff(path) : [];
    return {
      folder: relative(top, path) || ".",
      id: start?.id,
      state: start === undefined ? undefined : (end?.state ?? "recording"),
      frames: view.frames,
      verdict: cut.length > 0 ? "damaged" : verdict,
      findings: [...findings, ...cut],
    };
  } catch (error) {
    return unreadable(top, path, error);
  }
}

/** A manifest without an end, in a storage where nobody writes it. */
function cutOff(path: string): Finding[] {
  const root = resolve(path, "../../../..");
  const markers = join(root, OPEN_MARKERS);
  if (!existsSync(markers) || existsSync(join(markers, markerName(relative(root, path))))) return [];
  return [
    {
      place: MANIFEST,
      reason: "has no end, and nobody is writing it: it was cut off",
      remedy: `Put ${MANIFEST} back from a backup; without one, sidetone rebuild-index closes the recording as partial.`,
    },
  ];
}

function unreadable(top: string, path: string, error: unknown): Inspected {
  const remedy = "Make folder and files readable for this user; where the disk fails (kernel log), restore the folder.";
  const findings = [{ place: ".", reason: `cannot be read: ${errorText(error)}`, remedy }];
  const folder = relative(top, path) || ".";
  return { folder, id: undefined, state: undefined, frames: 0, verdict: "unreadable", findings };
}

function unreachable(path: string, error: unknown): SidetoneError {
  const missing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
  if (missing)
    return new SidetoneError("path-not-found", `${path} does not exist.`, {
      exit: 1,
      remedy: "Name a recording's folder, or the storage (recorder.storage.directory) or a part of it.",
      cause: error,
    });
  return new SidetoneError("path-not-readable", `${path} cannot be read: ${errorText(error)}`, {
    exit: 1,
    remedy: "Run it as the user that runs the recorder, or make the path readable.",
    cause: error,
  });
}

function noRecordings(path: string, why: string): SidetoneError {
  return new SidetoneError("no-recordings", `${path} ${why}.`, {
    exit: 1,
    remedy: "Name a recording's folder, or the storage (recorder.storage.directory) or a part of it.",
  });
}
