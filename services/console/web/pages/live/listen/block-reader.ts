/** Audio of both sides, -1 to 1, 8000 samples a second. */
export interface StereoAudio {
  readonly customer: Float32Array<ArrayBuffer>;
  readonly agent: Float32Array<ArrayBuffer>;
  /** How long before it was sent its end was said; ms. */
  readonly behindMs: number;
}

const headBytes = 4;
const frameBytes = 4;

/** Reads the blocks of `GET /api/v1/recordings/{id}/live` from octets as they come; pure. */
export class BlockReader {
  #rest = new Uint8Array(0);

  /** The blocks that are whole now. */
  take(part: Uint8Array): StereoAudio[] {
    const data = new Uint8Array(this.#rest.length + part.length);
    data.set(this.#rest);
    data.set(part, this.#rest.length);
    const view = new DataView(data.buffer);
    const blocks: StereoAudio[] = [];
    let at = 0;
    while (at + headBytes <= data.length) {
      const frames = view.getUint16(at, true);
      const end = at + headBytes + frames * frameBytes;
      if (end > data.length) break;
      blocks.push(blockOf(view, at, frames));
      at = end;
    }
    this.#rest = data.slice(at);
    return blocks;
  }
}

function blockOf(view: DataView, at: number, frames: number): StereoAudio {
  const customer = new Float32Array(frames);
  const agent = new Float32Array(frames);
  for (let i = 0, from = at + headBytes; i < frames; i += 1, from += frameBytes) {
    customer[i] = view.getInt16(from, true) / 32_768;
    agent[i] = view.getInt16(from + 2, true) / 32_768;
  }
  return { customer, agent, behindMs: view.getUint16(at + 2, true) };
}
