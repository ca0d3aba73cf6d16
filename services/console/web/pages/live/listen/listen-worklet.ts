// Runs in the audio thread: what the page receives comes in as messages, what is heard goes out in steps of 128 samples.
import { JitterRing } from "./jitter-ring.ts";

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Outputs between two messages about what waits: a quarter of a second. */
const tellEvery = 16;

class Listening extends AudioWorkletProcessor {
  readonly #ring = new JitterRing();
  #outputs = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<{ customer: Float32Array; agent: Float32Array }>) =>
      this.#ring.put(data.customer, data.agent);
  }

  process(_inputs: unknown, [output]: readonly (readonly Float32Array[])[]): boolean {
    const [customer, agent] = output ?? [];
    if (customer !== undefined && agent !== undefined) this.#ring.get(customer, agent);
    this.#outputs += 1;
    if (this.#outputs % tellEvery === 0) this.port.postMessage(this.#ring.length);
    return true;
  }
}

registerProcessor("sidetone-listening", Listening);
