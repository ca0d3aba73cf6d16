import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { errorText, SidetoneError } from "@sidetone/foundation";
import { openWavFile, type OpenAudioFile } from "../media/index.ts";

/** Writes WAV files below a folder, and nowhere else: links that lead out of it are not followed. */
export function openAudioFiles(directory: string): OpenAudioFile {
  return async (file, format) => {
    let path: string;
    try {
      path = await pathWithin(directory, file);
    } catch (error) {
      throw new SidetoneError("bad-audio-file", `${file} cannot be recorded to: ${errorText(error)}`, {
        remedy: "Check media-server.record-folder, its rights and its room.",
      });
    }
    return openWavFile(path, format);
  };
}

/** The path below the folder that a `file:` URI names; undefined where it could be anything else. */
export function recordPathOf(uri: string, pathOf: (uri: string) => string | undefined): string | undefined {
  const path = pathOf(uri);
  return path?.toLowerCase().endsWith(".wav") === true ? path : undefined;
}

async function pathWithin(directory: string, file: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const folder = await realpath(directory);
  // Folder by folder: one on the way may be a link, and nothing is made behind it.
  const parts = dirname(file) === "." ? [] : dirname(file).split("/");
  let parent = folder;
  for (const part of parts) {
    parent = join(parent, part);
    await mkdir(parent).catch(ifThere);
    parent = await realpath(parent);
    if (!parent.startsWith(`${folder}${sep}`)) throw new Error("it is no file of the folder");
  }
  const path = join(parent, file.slice(file.lastIndexOf("/") + 1));
  const found = await lstat(path).catch(ifMissing);
  if (found !== undefined && !found.isFile()) throw new Error("it is no file of the folder");
  return path;
}

function ifThere(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "EEXIST") return undefined;
  throw error;
}

function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}
