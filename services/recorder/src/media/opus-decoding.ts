import type { OpusDecoder } from "opus-decoder";

/** One stream's Opus decoder, to 8 kHz and one channel. Its WebAssembly is compiled when the first one is wanted; until then packets wait. */
export class OpusDecoding {
  #decoder: OpusDecoder<8000> | undefined;
  #closed = false;

  constructor() {
    void this.#open().catch(() => undefined);
  }

  /** Packets can be decoded. Stays false where this machine has no WebAssembly. */
  get ready(): boolean {
    return this.#decoder !== undefined;
  }

  /** Decodes a well-formed packet; returns samples of full scale 1. */
  decode(packet: Uint8Array): Float32Array | undefined {
    return this.#decoder?.decodeFrame(packet).channelData[0];
  }

  close(): void {
    this.#closed = true;
    this.#decoder?.free();
    this.#decoder = undefined;
  }

  async #open(): Promise<void> {
    const library = await import("opus-decoder");
    const decoder = new library.OpusDecoder({
      sampleRate: 8000,
      channels: 1,
      streamCount: 1,
      coupledStreamCount: 0,
      channelMappingTable: [0],
      preSkip: 0,
    });
    await decoder.ready;
    if (this.#closed) decoder.free();
    else this.#decoder = decoder;
  }
}
