import type { PromptsHttpConfig } from "@sidetone/config";
import { type Clock, errorText, SidetoneError } from "@sidetone/foundation";
import { MAX_FETCHED_OCTETS, MAX_FETCHES, MAX_SCRIPT_OCTETS } from "../limits.ts";
import { readWav } from "./wav.ts";

/** Samples at 8000 Hz that are held until `release`. */
export interface FetchedAudio {
  readonly samples: Int16Array;
  /** Gives back what they count for. Idempotent. */
  release(): void;
}

/** What a source is given. */
export interface HttpSourceOptions {
  readonly clock: Clock;
  /** Undefined: nothing is fetched. */
  readonly config: PromptsHttpConfig | undefined;
  readonly fetch?: typeof fetch;
}

const wavTypes: ReadonlySet<string> = new Set([
  "audio/wav",
  "audio/wave",
  "audio/x-wav",
  "audio/vnd.wave",
  "application/octet-stream",
]);

const scriptTypes: ReadonlySet<string> = new Set([
  "application/moml+xml",
  "application/vnd.radisys.moml+xml",
  "application/xml",
  "text/xml",
]);

/**
 * Sound files and dialog descriptions of other servers. Bounded in every way: which servers (each redirect too), octets, time, redirects, how many at once, and how
 * much is held by all that play.
 */
export class HttpSource {
  readonly #o: HttpSourceOptions;
  #fetching = 0;
  #held = 0;

  constructor(options: HttpSourceOptions) {
    this.#o = options;
  }

  /** Octets of samples that are held, those under way included. */
  get held(): number {
    return this.#held;
  }

  /** True where the configuration lets it be fetched. */
  allows(url: string): boolean {
    return this.#allowed(url) !== undefined;
  }

  /** A WAV file. Rejects with `prompt-forbidden`, `prompt-missing`, `prompt-format` or `prompt-busy`. */
  async load(url: string, cancelled?: AbortSignal): Promise<FetchedAudio> {
    // µ-law becomes twice as long when it is decoded.
    const most = (this.#o.config?.maxOctets ?? 0) * 2;
    if (this.#held + most > MAX_FETCHED_OCTETS) throw busy();
    this.#held += most;
    let counted = most;
    const release = (): void => {
      this.#held -= counted;
      counted = 0;
    };
    try {
      const octets = await this.#fetch(url, wavTypes, cancelled);
      const samples = readWav(octets);
      if (!samples.ok) throw new SidetoneError("prompt-format", `${url} cannot be played: ${samples.error}`);
      this.#held -= most - samples.value.byteLength;
      counted = samples.value.byteLength;
      return { samples: samples.value, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** A dialog description, at most `MAX_SCRIPT_OCTETS`. Rejects as `load`. */
  text(url: string, cancelled?: AbortSignal): Promise<Uint8Array> {
    return this.#fetch(url, scriptTypes, cancelled);
  }

  async #fetch(url: string, types: ReadonlySet<string>, cancelled: AbortSignal | undefined): Promise<Uint8Array> {
    const { config, clock } = this.#o;
    const first = this.#allowed(url);
    if (config === undefined || first === undefined) throw forbidden(url);
    if (this.#fetching >= MAX_FETCHES) throw busy();
    this.#fetching += 1;
    const abort = new AbortController();
    const cancelTimer = clock.after(config.timeoutMs, () =>
      abort.abort(new Error(`not done in ${config.timeoutMs} ms`)),
    );
    const giveUp = (): void => abort.abort(new Error("nobody wants it any more"));
    cancelled?.addEventListener("abort", giveUp);
    try {
      return await this.#follow(first, config, types, abort.signal);
    } catch (error) {
      if (error instanceof SidetoneError) throw error;
      const why = abort.signal.aborted ? errorText(abort.signal.reason) : causeOf(error);
      throw new SidetoneError("prompt-missing", `${first.href} cannot be fetched: ${why}`);
    } finally {
      cancelTimer();
      cancelled?.removeEventListener("abort", giveUp);
      this.#fetching -= 1;
      // What is not read to its end is not read on.
      abort.abort();
    }
  }

  async #follow(
    first: URL,
    config: PromptsHttpConfig,
    types: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const response = await (this.#o.fetch ?? fetch)(url.href, {
        redirect: "manual",
        signal,
        headers: { accept: Array.from(types).join(", ") },
      });
      const { status } = response;
      const location = response.headers.get("location");
      if (status >= 300 && status < 400 && location !== null) {
        await response.body?.cancel();
        if (redirects >= config.maxRedirects) throw missing(first, `more than ${config.maxRedirects} redirects`);
        const next = URL.canParse(location, url.href) ? this.#allowed(new URL(location, url.href).href) : undefined;
        if (next === undefined) throw forbidden(location);
        url = next;
        continue;
      }
      if (status !== 200) throw missing(first, `it was answered ${status}`);
      return read(response, first, types, types === wavTypes ? config.maxOctets : MAX_SCRIPT_OCTETS);
    }
  }

  /** `http` or `https`, no user, and at or below what the configuration allows; the URL parser has resolved dots and escapes of them. */
  #allowed(text: string): URL | undefined {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    if ((url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "") {
      return undefined;
    }
    // An escaped separator means different things to different servers.
    if (/%2f|%5c/i.test(url.pathname)) return undefined;
    const below = (this.#o.config?.allow ?? []).some((base) => {
      const allowed = new URL(base);
      const folder = allowed.pathname.endsWith("/") ? allowed.pathname : `${allowed.pathname}/`;
      return url.origin === allowed.origin && (url.pathname === allowed.pathname || url.pathname.startsWith(folder));
    });
    return below ? url : undefined;
  }
}

async function read(response: Response, url: URL, types: ReadonlySet<string>, most: number): Promise<Uint8Array> {
  const type = (response.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!types.has(type)) {
    const said = type === "" ? "of no type" : type.slice(0, 64);
    throw new SidetoneError("prompt-format", `${url.href} is ${said}; expected ${Array.from(types)[0] ?? ""}`);
  }
  const tooLong = new SidetoneError("prompt-format", `${url.href} has more than ${most} octets`);
  if (Number(response.headers.get("content-length") ?? 0) > most) throw tooLong;
  const parts: Uint8Array[] = [];
  let octets = 0;
  for await (const part of response.body ?? []) {
    octets += part.length;
    if (octets > most) throw tooLong;
    parts.push(part);
  }
  return Buffer.concat(parts, octets);
}

function busy(): SidetoneError {
  return new SidetoneError("prompt-busy", "too many sound files are fetched or held at once", {
    remedy: "Put sound files that are played often into the folder media-server.prompts.",
  });
}

function forbidden(url: string): SidetoneError {
  return new SidetoneError("prompt-forbidden", `${url.slice(0, 256)} is none of the sources that may be fetched`, {
    remedy: "List its base URL in media-server.prompts-http.allow.",
  });
}

function missing(url: URL, why: string): SidetoneError {
  return new SidetoneError("prompt-missing", `${url.href} cannot be fetched: ${why}`);
}

/** `fetch` hides the reason in the cause. */
function causeOf(error: unknown): string {
  return errorText(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
