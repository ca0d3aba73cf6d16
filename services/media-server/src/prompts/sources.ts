import { SidetoneError } from "@sidetone/foundation";
import type { FetchedAudio, HttpSource } from "./http-source.ts";
import type { PromptLibrary } from "./library.ts";

/** Where sound files come from: the folder of prompts, and what the configuration lets be fetched. */
export class Sources {
  readonly #library: Pick<PromptLibrary, "load">;
  readonly #http: Pick<HttpSource, "load" | "text" | "allows">;
  readonly #pathOf: (uri: string) => string | undefined;

  /** @param pathOf the file of a `file:` URI; undefined where it names none below the folder */
  constructor(
    library: Pick<PromptLibrary, "load">,
    http: Pick<HttpSource, "load" | "text" | "allows">,
    pathOf: (uri: string) => string | undefined,
  ) {
    this.#library = library;
    this.#http = http;
    this.#pathOf = pathOf;
  }

  /** Why nothing can be had from there whatever is there; undefined where it may be tried. */
  refused(uri: string): string | undefined {
    if (isFile(uri)) {
      return this.#pathOf(uri) === undefined ? `${uri.slice(0, 128)} is no file among the prompts` : undefined;
    }
    return this.#http.allows(uri) ? undefined : `${uri.slice(0, 128)} may not be fetched from here`;
  }

  /** True where it is at hand, so that it can be waited for. */
  isLocal(uri: string): boolean {
    return isFile(uri);
  }

  /** Rejects with `prompt-forbidden`, `prompt-missing`, `prompt-format` or `prompt-busy`. */
  async load(uri: string, cancelled?: AbortSignal): Promise<FetchedAudio> {
    if (!isFile(uri)) return this.#http.load(uri, cancelled);
    const path = this.#pathOf(uri);
    if (path === undefined)
      throw new SidetoneError("prompt-missing", `${uri.slice(0, 128)} is no file among the prompts`);
    return { samples: await this.#library.load(path), release: () => undefined };
  }

  /** A dialog description. Rejects as `load`. */
  text(uri: string, cancelled?: AbortSignal): Promise<Uint8Array> {
    return this.#http.text(uri, cancelled);
  }
}

function isFile(uri: string): boolean {
  return uri.slice(0, 5).toLowerCase() === "file:";
}
