import { errorText, SidetoneError } from "@sidetone/foundation";
import { MAX_PROMPT_OCTETS, MAX_PROMPTS_KEPT } from "../limits.ts";
import { readWav } from "./wav.ts";

/** A folder of prompts, as the library needs it. */
export interface PromptFolder {
  /** Size and time of the last change of a file, as one text; rejects where there is none. */
  stamp(name: string): Promise<{ readonly octets: number; readonly stamp: string }>;
  /** At most so many octets of it. */
  read(name: string, octets: number): Promise<Uint8Array>;
}

interface Kept {
  readonly stamp: string;
  readonly samples: Int16Array;
}

/**
 * The sound files that can be played, by the name they have in the one folder. Read when they are wanted, kept until the file changes.
 */
export class PromptLibrary {
  readonly #folder: PromptFolder;
  readonly #kept = new Map<string, Kept>();

  constructor(folder: PromptFolder) {
    this.#folder = folder;
  }

  /** Samples at 8000 Hz. Rejects with "prompt-missing" or "prompt-format"; the message names the file. */
  async load(name: string): Promise<Int16Array> {
    const { octets, stamp } = await this.#folder.stamp(name).catch((error: unknown) => {
      throw new SidetoneError("prompt-missing", `the prompt ${name} cannot be read: ${errorText(error)}`);
    });
    const known = this.#kept.get(name);
    if (known?.stamp === stamp) return known.samples;
    if (octets > MAX_PROMPT_OCTETS) {
      throw new SidetoneError("prompt-format", `the prompt ${name} has more than ${MAX_PROMPT_OCTETS} octets`);
    }
    const bytes = await this.#folder.read(name, octets).catch((error: unknown) => {
      throw new SidetoneError("prompt-missing", `the prompt ${name} cannot be read: ${errorText(error)}`);
    });
    const samples = readWav(bytes);
    if (!samples.ok) {
      throw new SidetoneError("prompt-format", `the prompt ${name} cannot be played: ${samples.error}`, {
        remedy: "Prompts are WAV files with 8000 Hz and one channel: G.711 or 16-bit PCM.",
      });
    }
    this.#keep(name, { stamp, samples: samples.value });
    return samples.value;
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.delete(name);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_PROMPTS_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(name, kept);
  }
}
