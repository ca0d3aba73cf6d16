import { SidetoneError } from "@sidetone/foundation";

/** A mistake in what was sent. */
export function badBody(message: string): SidetoneError {
  return new SidetoneError("bad-request", message, { http: 400 });
}

/** Whether a text has nothing but characters that can be seen, and spaces. */
export function isPlain(text: string): boolean {
  return Array.from(text).every((character) => character >= " " && character !== "\u007F");
}

/** The JSON object that a request carries, each key of which must be known. */
export class Body {
  readonly #values: ReadonlyMap<string, unknown>;

  /** @throws SidetoneError `bad-request` (400) */
  constructor(body: unknown, names: readonly string[]) {
    if (typeof body !== "object" || body === null || Array.isArray(body))
      throw badBody(`The body must be a JSON object with ${names.join(", ")}.`);
    this.#values = new Map(Object.entries(body));
    for (const name of this.#values.keys()) {
      if (!names.includes(name))
        throw badBody(`There is no ${JSON.stringify(name.slice(0, 40))} here; known are ${names.join(", ")}.`);
    }
  }

  /** Text of `min` to `max` characters. */
  text(name: string, min: number, max: number): string {
    const value = this.#values.get(name);
    if (typeof value !== "string" || value.length < min || value.length > max)
      throw badBody(`${name} must be text of ${min} to ${max} characters.`);
    return value;
  }

  /** A whole number from `min` to `max`. */
  integer(name: string, min: number, max: number): number {
    const value = this.#values.get(name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max)
      throw badBody(`${name} must be a whole number from ${min} to ${max}.`);
    return value;
  }

  flag(name: string, absent: boolean): boolean {
    const value = this.#values.get(name) ?? absent;
    if (typeof value !== "boolean") throw badBody(`${name} must be true or false.`);
    return value;
  }
}
