import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { afterQuoted, isBlank, isToken, skipBlanks, trimmed } from "./characters.ts";

/**
 * Parameters `;name=value;flag` of a URI or a header element, in order. Names are found without regard to case; values are
 * as on the wire (quotes and escapes kept). Of a name given twice the first one is found.
 */
export class Params {
  readonly #names: string[] = [];
  readonly #values: (string | true)[] = [];

  static of(pairs: Iterable<readonly [string, string | true]>): Params {
    const params = new Params();
    for (const [name, value] of pairs) params.set(name, value);
    return params;
  }

  get size(): number {
    return this.#names.length;
  }

  /** The value, `true` for a parameter without one, `undefined` where absent. */
  get(name: string): string | true | undefined {
    const at = this.#find(name);
    return at === -1 ? undefined : this.#values[at];
  }

  /** The value if the parameter has one. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return value === true ? undefined : value;
  }

  set(name: string, value: string | true): this {
    const at = this.#find(name);
    if (at === -1) return this.add(name, value);
    this.#values[at] = value;
    return this;
  }

  /** Adds at the end, even if the name is there. */
  add(name: string, value: string | true): this {
    this.#names.push(name);
    this.#values.push(value);
    return this;
  }

  has(name: string): boolean {
    return this.#find(name) !== -1;
  }

  delete(name: string): boolean {
    const at = this.#find(name);
    if (at === -1) return false;
    this.#names.splice(at, 1);
    this.#values.splice(at, 1);
    return true;
  }

  *entries(): IterableIterator<readonly [string, string | true]> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i] ?? "", this.#values[i] ?? true];
  }

  clone(): Params {
    const copy = new Params();
    for (const [name, value] of this.entries()) copy.add(name, value);
    return copy;
  }

  /** `;a=b;c`, the empty text where there are none. */
  toString(): string {
    let out = "";
    for (let i = 0; i < this.#names.length; i++) {
      const value = this.#values[i];
      out += value === true ? `;${this.#names[i] ?? ""}` : `;${this.#names[i] ?? ""}=${value ?? ""}`;
    }
    return out;
  }

  #find(name: string): number {
    const exact = this.#names.indexOf(name);
    if (exact !== -1) return exact;
    const wanted = name.toLowerCase();
    return this.#names.findIndex((n) => n.length === wanted.length && n.toLowerCase() === wanted);
  }
}

/** Reads header parameters from `at`, where a `;` or the end is expected: blanks and quoted values are allowed (RFC 3261 25.1 generic-param). */
export function parseHeaderParams(text: string, at: number): Result<Params> {
  const params = new Params();
  at = skipBlanks(text, at);
  while (at < text.length) {
    if (text.charCodeAt(at) !== 0x3b) return fail("unexpected text where a parameter should start");
    if (params.size >= LIMITS.paramCount) return fail("too many parameters");
    at = skipBlanks(text, at + 1);
    const start = at;
    while (at < text.length && !endsName(text.charCodeAt(at))) at++;
    const name = text.slice(start, at);
    if (!isToken(name)) return fail(name === "" ? "empty parameter" : "a parameter's name is no token");
    at = skipBlanks(text, at);
    if (text.charCodeAt(at) !== 0x3d) {
      params.add(name, true);
      continue;
    }
    at = skipBlanks(text, at + 1);
    const from = at;
    if (text.charCodeAt(at) === 0x22) {
      at = afterQuoted(text, at);
      if (at === -1) return fail("unbalanced quotes");
    } else {
      while (at < text.length && !endsValue(text.charCodeAt(at))) at++;
      if (at === from) return fail(`parameter ${name} has no value`);
    }
    params.add(name, text.slice(from, at));
    at = skipBlanks(text, at);
  }
  return ok(params);
}

/** Reads URI parameters of `[at, end)`, which starts with `;` or is empty. No blanks, no quotes (RFC 3261 25.1 uri-parameters). */
export function parseUriParams(text: string, at: number, end: number): Result<Params> {
  const params = new Params();
  while (at < end) {
    if (params.size >= LIMITS.paramCount) return fail("too many parameters");
    let next = text.indexOf(";", at + 1);
    if (next === -1 || next > end) next = end;
    const equals = text.indexOf("=", at + 1);
    const valued = equals !== -1 && equals < next;
    const name = text.slice(at + 1, valued ? equals : next);
    if (name === "") return fail("empty URI parameter");
    params.add(name, valued ? text.slice(equals + 1, next) : true);
    at = next;
  }
  return ok(params);
}

/** Finds a parameter in `type/subtype; a=b` values; the part before the first `;` in lower case, and the parameters. */
export function parseValueWithParams(value: string): Result<{ head: string; params: Params }> {
  const at = value.indexOf(";");
  if (at === -1) return ok({ head: trimmed(value).toLowerCase(), params: new Params() });
  const params = parseHeaderParams(value, at);
  return params.ok ? ok({ head: trimmed(value, 0, at).toLowerCase(), params: params.value }) : params;
}

function endsName(code: number): boolean {
  return code === 0x3b || code === 0x3d || isBlank(code);
}

function endsValue(code: number): boolean {
  return code === 0x3b || code === 0x22 || code === 0x2c || isBlank(code);
}
