import { constants } from "node:fs";
import { mkdir, open, realpath, rm } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { errorText, SidetoneError } from "@sidetone/foundation";
import type { AudioFile, AudioFileFormat, OpenAudioFile } from "../media/index.ts";

/** Octets of the header that is written: RIFF, fmt of 16 octets, data. */
const HEADER = 44;

/** Writes WAV files below a folder, and nowhere else: 8000 Hz, one channel, 16-bit PCM or G.711. */
export function openAudioFiles(directory: string): OpenAudioFile {
  return async (file, format) => {
    try {
      return await openFile(directory, file, format);
    } catch (error) {
      if (error instanceof SidetoneError) throw error;
      throw new SidetoneError("record-file", `${file} cannot be written: ${errorText(error)}`, {
        remedy: "Check media-server.record-folder, its rights and its room.",
      });
    }
  };
}

/** The path below the folder that a `file:` URI names; undefined where it could be anything else. */
export function recordPathOf(uri: string, pathOf: (uri: string) => string | undefined): string | undefined {
  const path = pathOf(uri);
  return path?.toLowerCase().endsWith(".wav") === true ? path : undefined;
}

async function openFile(directory: string, file: string, { format, append }: AudioFileFormat): Promise<AudioFile> {
  await mkdir(directory, { recursive: true });
  const folder = await realpath(directory);
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  // A folder on the way may be a link.
  const parent = await realpath(dirname(path));
  if (parent !== folder && !parent.startsWith(`${folder}${sep}`)) throw outside(file);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, append ? flags : flags | constants.O_TRUNC, 0o640);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.nlink > 1) throw outside(file);
    const header = headerOf(format, 0);
    let before = 0;
    if (found.size >= HEADER && append) {
      const known = Buffer.alloc(HEADER);
      await handle.read(known, 0, HEADER, 0);
      if (
        !known.subarray(0, 4).equals(header.subarray(0, 4)) ||
        !known.subarray(8, 40).equals(header.subarray(8, 40))
      ) {
        throw new SidetoneError("record-file", `${file} has another format, nothing is appended to it`);
      }
      before = found.size - HEADER;
    } else await handle.write(header, 0, HEADER, 0);
    return new WavFile(path, handle, format, before);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function outside(file: string): SidetoneError {
  return new SidetoneError("record-file", `${file} is no file of the folder`);
}

class WavFile implements AudioFile {
  readonly #path: string;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  readonly #format: AudioFileFormat["format"];
  readonly #before: number;
  #octets: number;

  constructor(
    path: string,
    handle: Awaited<ReturnType<typeof open>>,
    format: AudioFileFormat["format"],
    before: number,
  ) {
    this.#path = path;
    this.#handle = handle;
    this.#format = format;
    this.#before = before;
    this.#octets = before;
  }

  async write(octets: Uint8Array): Promise<void> {
    await this.#handle.write(octets, 0, octets.length, HEADER + this.#octets);
    this.#octets += octets.length;
  }

  async finish(trim: number): Promise<void> {
    await this.#close(Math.max(this.#before, this.#octets - trim));
  }

  async discard(): Promise<void> {
    if (this.#before > 0) return this.#close(this.#before);
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  async #close(octets: number): Promise<void> {
    try {
      await this.#handle.truncate(HEADER + octets);
      await this.#handle.write(headerOf(this.#format, octets), 0, HEADER, 0);
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }
}

function headerOf(format: AudioFileFormat["format"], octets: number): Buffer {
  const size = format === "PCM" ? 2 : 1;
  const header = Buffer.alloc(HEADER);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(HEADER - 8 + octets, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(format === "PCM" ? 1 : format === "PCMA" ? 6 : 7, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000 * size, 28);
  header.writeUInt16LE(size, 32);
  header.writeUInt16LE(size * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(octets, 40);
  return header;
}
