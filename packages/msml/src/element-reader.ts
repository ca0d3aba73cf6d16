import { childElements, textOf, type XmlElement } from "@sidetone/xml";
import { FOREVER, type Iterations } from "./dialog.ts";
import { isInstanceName } from "./identifiers.ts";
import { servedElements, unservedElements } from "./known-elements.ts";
import { MAX_ITERATIONS, MAX_TIME_MS } from "./limits.ts";
import { legacyNamespace, type Reading } from "./reading.ts";
import { recorderNamespace } from "./recorder.ts";
import { Refused, shortened } from "./refusal.ts";
import type { ResponseCode } from "./response-codes.ts";

/** True for an element of our namespace; the undeclared prefix `rec:` of hand-built bodies is forgiven. */
export function isRecorderElement(el: XmlElement): boolean {
  return el.ns === recorderNamespace || (el.ns === "" && el.prefix === "rec");
}

/** Reads one element: attributes are asked for by name, `done` refuses those nobody asked for. What it refuses names its place. */
export class ElementReader {
  readonly element: XmlElement;
  /** `msml/join[2]/stream`. */
  readonly place: string;
  readonly reading: Reading;
  readonly #asked = new Set<string>();

  constructor(element: XmlElement, place: string, reading: Reading) {
    this.element = element;
    this.place = place;
    this.reading = reading;
  }

  get name(): string {
    return this.element.name;
  }

  optional(name: string): string | undefined {
    this.#asked.add(name);
    return this.element.attributes.get(name);
  }

  /** `optional`, also under the names that other dialects give it. */
  alias(name: string, ...others: readonly string[]): string | undefined {
    const value = this.optional(name);
    for (const other of [...others, `{${legacyNamespace}}${name}`, ...others.map((o) => `{${legacyNamespace}}${o}`)]) {
      const found = this.optional(other);
      if (found === undefined) continue;
      if (value !== undefined) throw this.refused(409, `has both ${name} and ${shown(other)}`, "leave one of them out");
      this.deviation(406, `has ${shown(other)}`, `say ${name}`);
      return found;
    }
    return value;
  }

  required(name: string, expected: string): string {
    const value = this.optional(name);
    if (value === undefined) throw this.missing(name, expected);
    return value;
  }

  missing(name: string, expected: string): Refused {
    return this.refused(408, `needs the attribute ${name}`, `say ${expected}`);
  }

  /** The value where it is one of `allowed`; 410 otherwise. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.oneOfText(name, this.optional(name), allowed);
  }

  oneOfText<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
    if (value === undefined) return undefined;
    const found = allowed.find((known) => known === value);
    if (found === undefined) throw this.invalid(name, value, allowed.join(", "));
    return found;
  }

  flag(name: string): boolean | undefined {
    const value = this.oneOfText(name, this.alias(name), ["true", "false"]);
    return value === undefined ? undefined : value === "true";
  }

  /** A whole number from `min` to `max`; 410 otherwise. */
  integer(name: string, min: number, max: number): number | undefined {
    return this.integerText(name, this.optional(name), min, max);
  }

  integerText(name: string, value: string | undefined, min: number, max: number): number | undefined {
    if (value === undefined) return undefined;
    const number = /^[+-]?[0-9]{1,16}$/.test(value) ? Number(value) + 0 : Number.NaN;
    if (!(number >= min && number <= max)) throw this.invalid(name, value, `a whole number from ${min} to ${max}`);
    return number;
  }

  /** `2s`, `500ms`, `0.5s` in ms, at most a day; without a unit it is forgiven, and `unit` is meant. */
  time(name: string, unit: "s" | "ms", value = this.optional(name), signed = false): number | undefined {
    if (value === undefined) return undefined;
    const [, sign, number, said] = /^([+-]?)((?:[0-9]{0,9}\.)?[0-9]{1,9})(ms|s)?$/.exec(value) ?? [];
    const ms = Math.round(Number(number) * ((said ?? unit) === "s" ? 1000 : 1));
    if (!(ms <= MAX_TIME_MS) || (sign === "-" && !signed)) {
      throw this.invalid(name, value, "a time, e.g. 2s or 500ms, at most a day");
    }
    if (said === undefined) this.deviation(410, `has ${name}="${value}" without a unit`, `say ${value}${unit}`);
    return sign === "-" && ms > 0 ? -ms : ms;
  }

  /** RFC 5707's `iterate`, at some of its users `iterations`. */
  iterations(): Iterations | undefined {
    const value = this.alias("iterate", "iterations");
    if (value === undefined) return undefined;
    if (value === "-1" || value === "forever") return FOREVER;
    const count = /^\+?[0-9]{1,9}$/.test(value) ? Number(value) : 0;
    if (count < 1 || count > MAX_ITERATIONS) {
      throw this.invalid("iterate", value, `1 to ${MAX_ITERATIONS}, -1 or forever`);
    }
    return count;
  }

  /** `required` that satisfies a type guard; 408 or 410 otherwise. */
  requiredAs<T extends string>(name: string, guard: (text: string) => text is T, expected: string): T {
    const value = this.required(name, expected);
    if (!guard(value)) throw this.invalid(name, value, expected);
    return value;
  }

  /** An instance name; 410 otherwise. */
  instance(name: string, value: string | undefined): string | undefined {
    if (value === undefined || isInstanceName(value)) return value;
    throw this.invalid(name, value, "letters, digits, . : - _, at most 128");
  }

  mark(): { mark?: string } {
    const mark = this.instance("mark", this.optional("mark"));
    return mark === undefined ? {} : { mark };
  }

  /** 406 for an attribute that nobody asked for. Those of foreign namespaces are none of ours: forgiven. */
  done(): void {
    for (const key of this.element.attributes.keys()) {
      if (this.#asked.has(key)) continue;
      if (!key.startsWith("{")) throw this.refused(406, `has no attribute ${shortened(key)}`, "leave it out");
      if (!key.startsWith("{http://www.w3.org/")) {
        this.deviation(406, `has the foreign attribute ${shortened(shown(key))}`, "leave it out");
      }
    }
  }

  /** The child elements. Text between them is forgiven. */
  children(): ElementReader[] {
    const elements = childElements(this.element);
    if (textOf(this.element) !== "") this.deviation(405, "has text between its elements", "leave it out");
    const [total, seen] = [new Map<string, number>(), new Map<string, number>()];
    for (const { name } of elements) total.set(name, (total.get(name) ?? 0) + 1);
    return elements.map((element) => {
      const { name, prefix } = element;
      const number = (seen.get(name) ?? 0) + 1;
      seen.set(name, number);
      const index = (total.get(name) ?? 0) > 1 ? `[${number}]` : "";
      const full = prefix === "" ? name : `${prefix}:${name}`;
      return new ElementReader(element, `${this.place}/${shortened(full)}${index}`, this.reading);
    });
  }

  /** No child is allowed. */
  empty(): void {
    const child = this.children()[0];
    if (child !== undefined) throw child.misplaced(this);
  }

  /** True for an element of MSML itself with this name. */
  is(name: string): boolean {
    return this.element.name === name && this.reading.isOurs(this.element);
  }

  /** Why this element may not be in `parent`: not known (401), known but not served (402), or served elsewhere (404). */
  misplaced(parent: ElementReader): Refused {
    const within = `in <${parent.name}>`;
    if (isRecorderElement(this.element)) {
      if (servedElements.has(`rec:${this.name}`)) return this.refused(404, `does not belong ${within}`, "leave it out");
      return this.refused(401, "is not known", "leave it out");
    }
    if (!this.reading.isOurs(this.element)) {
      return this.refused(401, `is of the namespace ${shortened(this.element.ns)}, which is not known`, "leave it out");
    }
    if (unservedElements.has(this.name)) return this.refused(402, `is not served ${within}`, "do without it");
    if (servedElements.has(this.name)) return this.refused(404, `does not belong ${within}`, "move it or leave it out");
    return this.refused(401, "is not known", "leave it out");
  }

  invalid(name: string, value: string, expected: string): Refused {
    return this.refused(410, `${name}="${shortened(value)}" is not valid`, `expected ${expected}`);
  }

  /** The reason reads on after the element's name. */
  refused(response: ResponseCode, reason: string, remedy: string): Refused {
    return new Refused({ response, place: this.place, reason: `<${shortened(this.name)}> ${reason}`, remedy });
  }

  /** What is against the RFC but understood: refused in strict reading, noted in lenient. */
  deviation(response: ResponseCode, reason: string, remedy: string): void {
    this.reading.deviate({ response, place: this.place, reason: `<${shortened(this.name)}> ${reason}`, remedy });
  }
}

function shown(key: string): string {
  return key.startsWith(`{${legacyNamespace}}`) ? `cvd:${key.slice(legacyNamespace.length + 2)}` : key;
}
