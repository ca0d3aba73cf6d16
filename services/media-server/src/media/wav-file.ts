import { type FileHandle, open, unlink } from "node:fs/promises";
import { errorText, SidetoneError } from "@sidetone/foundation";
import type { AudioFile, AudioFileFormat } from "./audio-types.ts";
import { SAMPLE_RATE } from "./limits.ts";

/** RIFF, `fmt ` of 18 octets, `fact`, `data`: fits PCM and G.711 alike. */
const HEADER_OCTETS = 58;
const TAGS = { PCM: 1, PCMA: 6, PCMU: 7 } as const;
/** The header's sizes are made right every so many writes, so that a crash leaves a file that plays. */
const WRITES_PER_HEADER = 8;
/** Sizes are 32 bits. */
const MOST_OCTETS = 0xffff_ffff - HEADER_OCTETS;

function header(format: AudioFileFormat["format"], octets: number): Buffer {
  const perSample = format === "PCM" ? 2 : 1;
  const h = Buffer.alloc(HEADER_OCTETS);
  h.write("RIFF", 0);
  h.writeUInt32LE(Math.min(0xffff_ffff, HEADER_OCTETS - 8 + octets), 4);
  h.write("WAVEfmt ", 8);
  h.writeUInt32LE(18, 16);
  h.writeUInt16LE(TAGS[format], 20);
  h.writeUInt16LE(1, 22);
  h.writeUInt32LE(SAMPLE_RATE, 24);
  h.writeUInt32LE(SAMPLE_RATE * perSample, 28);
  h.writeUInt16LE(perSample, 32);
  h.writeUInt16LE(perSample * 8, 34);
  h.write("fact", 38);
  h.writeUInt32LE(4, 42);
  h.writeUInt32LE(octets / perSample, 46);
  h.write("data", 50);
  h.writeUInt32LE(octets, 54);
  return h;
}

/**
 * A mono WAV file of 8 kHz, for local recordings. Whether it may be written there is the caller's business. Rejects with "bad-audio-file":
 * it cannot be opened, or is to be appended to and is no file of this format that we wrote.
 */
export async function openWavFile(path: string, { format, append }: AudioFileFormat): Promise<AudioFile> {
  try {
    const known = append ? await open(path, "r+").catch(ifMissing) : undefined;
    const handle = known ?? (await open(path, "w"));
    try {
      return new WavFile(path, handle, format, known === undefined ? undefined : await lengthOf(handle, format));
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw new SidetoneError("bad-audio-file", `"${path}" cannot be recorded to: ${errorText(error)}`, { sip: 500 });
  }
}

function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}

/** Octets of audio in a file of ours. */
async function lengthOf(handle: FileHandle, format: AudioFileFormat["format"]): Promise<number> {
  const { size } = await handle.stat();
  const octets = size - HEADER_OCTETS;
  const found = Buffer.alloc(HEADER_OCTETS);
  await handle.read(found, 0, HEADER_OCTETS, 0);
  const wanted = header(format, 0);
  // All but the sizes.
  for (const [from, to] of [
    [0, 4],
    [8, 46],
    [50, 54],
  ] as const) {
    if (!found.subarray(from, to).equals(wanted.subarray(from, to))) throw new Error(`it is no WAV file of ${format}`);
  }
  return format === "PCM" ? octets - (octets % 2) : octets;
}

class WavFile implements AudioFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #format: AudioFileFormat["format"];
  /** Octets that were there before; undefined: no file was. */
  readonly #before: number | undefined;
  #octets: number;
  #writes = 0;

  constructor(path: string, handle: FileHandle, format: AudioFileFormat["format"], before: number | undefined) {
    this.#path = path;
    this.#handle = handle;
    this.#format = format;
    this.#before = before;
    this.#octets = before ?? 0;
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#octets + octets.length > MOST_OCTETS) throw new Error("a WAV file ends at 4 GB");
    for (let at = 0; at < octets.length; ) {
      const { bytesWritten } = await this.#handle.write(octets, at, octets.length - at, HEADER_OCTETS + this.#octets);
      at += bytesWritten;
      this.#octets += bytesWritten;
    }
    if (this.#writes++ % WRITES_PER_HEADER === 0) await this.#writeHeader();
  }

  async finish(trim: number): Promise<void> {
    try {
      this.#octets -= trim;
      await this.#handle.truncate(HEADER_OCTETS + this.#octets);
      await this.#writeHeader();
      await this.#handle.datasync();
    } finally {
      await this.#handle.close();
    }
  }

  async discard(): Promise<void> {
    if (this.#before === undefined) {
      await this.#handle.close();
      await unlink(this.#path);
      return;
    }
    await this.finish(this.#octets - this.#before);
  }

  async #writeHeader(): Promise<void> {
    await this.#handle.write(header(this.#format, this.#octets), 0, HEADER_OCTETS, 0);
  }
}
