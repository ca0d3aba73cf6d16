import { fail, ok, type Result } from "@sidetone/foundation";
import { alawToLinear, ulawToLinear } from "@sidetone/rtp";

/** Format tags of RFC 2361. */
const PCM = 1;
const ALAW = 6;
const ULAW = 7;

/**
 * The samples of a WAV file: 8000 Hz, one channel, G.711 or 16-bit PCM; on shared memory, so that threads need no copies. Fails with what
 * the file is instead. A data chunk that is longer than the file ends with it.
 */
export function readWav(bytes: Uint8Array): Result<Int16Array<SharedArrayBuffer>, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || textAt(bytes, 0) !== "RIFF" || textAt(bytes, 8) !== "WAVE") return fail("it is no WAV file");
  let format: { readonly tag: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = textAt(bytes, at);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (name === "fmt ") {
      if (length < 16 || start + 16 > bytes.length) return fail("its fmt chunk is cut off");
      const [tag, channels] = [view.getUint16(start, true), view.getUint16(start + 2, true)];
      const [rate, bits] = [view.getUint32(start + 4, true), view.getUint16(start + 14, true)];
      const known = tag === PCM ? bits === 16 : (tag === ALAW || tag === ULAW) && bits === 8;
      if (!known || channels !== 1 || rate !== 8000) {
        return fail(`it has format ${tag}, ${bits} bits, ${channels} channels, ${rate} Hz`);
      }
      format = { tag };
    } else if (name === "data") {
      if (format === undefined) return fail("its data come before their format");
      return ok(samplesOf(view, start, Math.min(length, bytes.length - start), format.tag));
    }
    // Chunks begin at even places.
    at = start + length + (length & 1);
  }
  return fail("it has no data");
}

function samplesOf(view: DataView, start: number, length: number, tag: number): Int16Array<SharedArrayBuffer> {
  const size = tag === PCM ? 2 : 1;
  const count = Math.floor(length / size);
  const samples = new Int16Array(new SharedArrayBuffer(count * 2));
  const table = tag === ALAW ? alawToLinear : ulawToLinear;
  for (let i = 0; i < count; i++) {
    samples[i] = tag === PCM ? view.getInt16(start + i * 2, true) : (table[view.getUint8(start + i)] ?? 0);
  }
  return samples;
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
