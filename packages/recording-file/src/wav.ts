import { type FileCodec, formatTag } from "./codec.ts";
import { FRAME_BYTES, FRAMES_PER_SECOND } from "./limits.ts";

/** Length of the header: RIFF, fmt (18, as non-PCM demands), fact, data. */
export const WAV_HEADER_BYTES = 58;

/** The header of a stereo 8 kHz G.711 file with `frames` frames; every size in it is right. */
export function wavHeader(codec: FileCodec, frames: number): Buffer {
  const data = frames * FRAME_BYTES;
  const h = Buffer.alloc(WAV_HEADER_BYTES);
  h.write("RIFF", 0, "latin1");
  h.writeUInt32LE(WAV_HEADER_BYTES - 8 + data, 4);
  h.write("WAVEfmt ", 8, "latin1");
  h.writeUInt32LE(18, 16);
  h.writeUInt16LE(formatTag(codec), 20);
  h.writeUInt16LE(2, 22);
  h.writeUInt32LE(FRAMES_PER_SECOND, 24);
  h.writeUInt32LE(FRAMES_PER_SECOND * FRAME_BYTES, 28);
  h.writeUInt16LE(FRAME_BYTES, 32);
  h.writeUInt16LE(8, 34);
  h.writeUInt16LE(0, 36);
  h.write("fact", 38, "latin1");
  h.writeUInt32LE(4, 42);
  h.writeUInt32LE(frames, 46);
  h.write("data", 50, "latin1");
  h.writeUInt32LE(data, 54);
  return h;
}
