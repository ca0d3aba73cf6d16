import { readFileSync, writeFileSync } from "node:fs";
import { type AudioSource, SAMPLE_RATE } from "./audio-source.ts";
import { decodeAlaw, decodeUlaw } from "./g711.ts";

/** A WAV file in memory. */
export interface WavFile {
  /** 7 µ-law, 6 A-law, 1 PCM. */
  readonly formatTag: number;
  readonly sampleRate: number;
  readonly seconds: number;
  /** Linear samples of each channel. */
  readonly channels: readonly Int16Array[];
}

/** Reads a G.711 or 16-bit WAV strictly: sizes that do not match the file are an error. */
export function readWav(source: string | Buffer): WavFile {
  const { formatTag, sampleRate, count, data } = wavData(typeof source === "string" ? readFileSync(source) : source);
  return { formatTag, sampleRate, ...decode(data, formatTag, count, sampleRate) };
}

/** The octets of each channel of a G.711 WAV, as they stand in it. */
export function readG711Wav(source: Buffer): Uint8Array[] {
  const { formatTag, count, data } = wavData(source);
  if (formatTag !== 7 && formatTag !== 6) throw new Error(`no G.711: format tag ${formatTag}`);
  return channelsOf(data, count);
}

/** Octets that alternate between `count` channels, apart. */
export function channelsOf(data: Uint8Array, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, channel) =>
    Uint8Array.from({ length: Math.floor(data.length / count) }, (_unused, n) => data[n * count + channel] ?? 0),
  );
}

function wavData(bytes: Buffer): { formatTag: number; sampleRate: number; count: number; data: Buffer } {
  if (bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE")
    throw new Error("no RIFF WAVE");
  if (bytes.readUInt32LE(4) !== bytes.length - 8)
    throw new Error(`RIFF size ${bytes.readUInt32LE(4)} of ${bytes.length} bytes`);
  let formatTag = 0;
  let count = 0;
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (start + size > bytes.length) throw new Error(`chunk ${name} runs over the end of the file`);
    if (name === "fmt ") {
      formatTag = bytes.readUInt16LE(start);
      count = bytes.readUInt16LE(start + 2);
      sampleRate = bytes.readUInt32LE(start + 4);
    } else if (name === "data") {
      return { formatTag, sampleRate, count, data: bytes.subarray(start, start + size) };
    }
    at = start + size + (size % 2);
  }
  throw new Error("no data chunk");
}

function decode(
  data: Buffer,
  formatTag: number,
  count: number,
  sampleRate: number,
): { seconds: number; channels: Int16Array[] } {
  const width = formatTag === 1 ? 2 : 1;
  const frames = Math.floor(data.length / (width * count));
  const channels = Array.from({ length: count }, () => new Int16Array(frames));
  for (let frame = 0; frame < frames; frame += 1) {
    for (let channel = 0; channel < count; channel += 1) {
      const at = (frame * count + channel) * width;
      const out = channels[channel];
      if (out === undefined) continue;
      if (formatTag === 1) out[frame] = data.readInt16LE(at);
      else out[frame] = formatTag === 6 ? decodeAlaw(data[at] ?? 0) : decodeUlaw(data[at] ?? 0);
    }
  }
  return { seconds: frames / sampleRate, channels };
}

/** Writes `seconds` of a source as 16-bit mono, e.g. for a lab phone to play. */
export function writePcmWav(file: string, source: AudioSource, seconds: number): void {
  const samples = Math.round(seconds * SAMPLE_RATE);
  const bytes = Buffer.alloc(44 + 2 * samples);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(SAMPLE_RATE, 24);
  bytes.writeUInt32LE(2 * SAMPLE_RATE, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(2 * samples, 40);
  for (let n = 0; n < samples; n += 1) bytes.writeInt16LE(source(n), 44 + 2 * n);
  writeFileSync(file, bytes);
}
