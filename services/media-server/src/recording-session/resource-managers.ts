import type { Clock } from "@sidetone/foundation";
import { MANAGER_REST_MS } from "../limits.ts";

/**
 * The Resource Managers that recording INVITEs go through, for all recordings together (R32): one that did not answer one of
 * them is asked last by all, so that not every call pays for its silence. In the order of the configuration otherwise.
 */
export class ResourceManagers {
  readonly #uris: readonly string[];
  readonly #clock: Clock;
  /** Until when one is asked last, clock ms. */
  readonly #resting = new Map<string, number>();

  /** @param uris SIP URIs, at least one */
  constructor(uris: readonly string[], clock: Clock) {
    this.#uris = uris;
    this.#clock = clock;
  }

  /** The one to ask now. @param tried those that one and the same INVITE went to in vain; when all were, it begins anew */
  pick(tried: ReadonlySet<string> = new Set()): string {
    const now = this.#clock.now();
    const left = this.#uris.filter((uri) => !tried.has(uri));
    const choice = left.length > 0 ? left : this.#uris;
    const restUntil = (uri: string): number => Math.max(now, this.#resting.get(uri) ?? 0);
    return choice.reduce((best, uri) => (restUntil(uri) < restUntil(best) ? uri : best), choice[0] ?? "");
  }

  /** True while one is left that this INVITE did not go to. */
  another(tried: ReadonlySet<string>): boolean {
    return this.#uris.some((uri) => !tried.has(uri));
  }

  /** It was silent, or nobody is there. */
  silent(uri: string): void {
    this.#resting.set(uri, this.#clock.now() + MANAGER_REST_MS);
  }

  /** It answered, whatever it said. */
  answered(uri: string): void {
    this.#resting.delete(uri);
  }
}
