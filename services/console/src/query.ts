import { parseRfc3339, SidetoneError } from "@sidetone/foundation";
import { maxQueryValue } from "./limits.ts";

/** A mistake of who asked. */
export function badParameter(message: string): SidetoneError {
  return new SidetoneError("bad-parameter", message, { http: 400 });
}

/** The query string of a request, each parameter of which must be known and stand once; an empty one counts as absent. */
export class Query {
  readonly #values = new Map<string, string>();

  /** @throws SidetoneError `bad-parameter` (400) */
  constructor(query: unknown, names: readonly string[]) {
    for (const [name, value] of Object.entries(query ?? {})) {
      if (!names.includes(name)) {
        throw badParameter(
          `There is no parameter ${JSON.stringify(name.slice(0, 40))}; known are ${names.join(", ")}.`,
        );
      }
      if (typeof value !== "string") throw badParameter(`The parameter ${name} is given more than once.`);
      if (value.length > maxQueryValue)
        throw badParameter(`The parameter ${name} is longer than ${maxQueryValue} characters.`);
      if (value !== "") this.#values.set(name, value);
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** All that is given, by name. */
  all(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }

  /** Wall-clock microseconds. */
  time(name: string): number | undefined {
    const text = this.#values.get(name);
    const micros = text === undefined ? undefined : parseRfc3339(text);
    if (text !== undefined && micros === undefined)
      throw badParameter(`The parameter ${name} is not a time such as 2026-11-20T09:15:00Z.`);
    return micros;
  }

  /** A whole number from `min` to `max`. */
  number(name: string, min: number, max: number): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw badParameter(`The parameter ${name} is not a number from ${min} to ${max}.`);
    return value;
  }

  /** One of some words. */
  oneOf<const T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.#values.get(name);
    const found = words.find((word) => word === text);
    if (text !== undefined && found === undefined)
      throw badParameter(`The parameter ${name} is none of ${words.join(", ")}.`);
    return found;
  }
}
