import type { XmlElement } from "@sidetone/xml";
import { isInstanceName } from "./identifiers.ts";
import type { ResponseCode } from "./response-codes.ts";

/** Why a document is not executed: the response it is owed. */
export interface MsmlRefusal {
  readonly response: ResponseCode;
  /** Names the element and the attribute. */
  readonly description: string;
}

/** Carries a refusal from where it is found to the door of the reader. Never leaves this package. */
export class Refused extends Error {
  readonly refusal: MsmlRefusal;
  constructor(response: ResponseCode, description: string) {
    super(description);
    this.refusal = { response, description };
  }
}

/** Reads an element's attributes; each is asked for by name, `done` refuses those nobody asked for. */
export class Attributes {
  readonly #element: XmlElement;
  readonly #asked = new Set<string>();

  constructor(element: XmlElement) {
    this.#element = element;
  }

  optional(name: string): string | undefined {
    this.#asked.add(name);
    return this.#element.attributes.get(name);
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new Refused(408, `<${this.#element.name}> needs the attribute ${name}`);
    return value;
  }

  /** The value where it is one of `allowed`; 410 otherwise. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const found = allowed.find((known) => known === value);
    if (found === undefined) throw this.invalid(name, value, allowed.join(", "));
    return found;
  }

  /** A whole number from `min` to `max`; 410 otherwise. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw this.invalid(name, value, `a whole number from ${min} to ${max}`);
    return number;
  }

  /** `required` that satisfies a type guard; 408 or 410 otherwise. */
  requiredAs<T extends string>(name: string, guard: (text: string) => text is T, expected: string): T {
    const value = this.required(name);
    if (!guard(value)) throw this.invalid(name, value, expected);
    return value;
  }

  mark(): { mark?: string } {
    const value = this.optional("mark");
    if (value === undefined) return {};
    if (!isInstanceName(value)) throw this.invalid("mark", value, "letters, digits, . : - _");
    return { mark: value };
  }

  /** 406 for an attribute that nobody asked for. Those of foreign namespaces are none of ours. */
  done(): void {
    for (const key of this.#element.attributes.keys()) {
      if (key.startsWith("{") || this.#asked.has(key)) continue;
      throw new Refused(406, `<${this.#element.name}> has no attribute ${key}`);
    }
  }

  invalid(name: string, value: string, expected: string): Refused {
    const shown = value.length > 64 ? `${value.slice(0, 64)}...` : value;
    return new Refused(410, `<${this.#element.name}> ${name}="${shown}": expected ${expected}`);
  }
}
