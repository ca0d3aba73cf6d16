import { elementEnd, splitList, trimmed } from "./characters.ts";
import { headerKey, isListHeader, knownHeader } from "./header-names.ts";

/**
 * The headers of one message: ordered, each value kept as it came (unfolded), each name kept as it was spelt. Names are
 * found without regard to case, and compact forms are the long ones (RFC 3261 7.3). Values hold one character per byte
 * of the wire; text with characters beyond that is taken as UTF-8. CR and LF in a value become spaces: no value can add a header.
 */
export class Headers {
  readonly #keys: string[] = [];
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /** Headers from pairs of name and value, in order. */
  static of(pairs: Iterable<readonly [string, string]>): Headers {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.append(name, value);
    return headers;
  }

  /** Header lines. */
  get size(): number {
    return this.#keys.length;
  }

  /** The first line's value. */
  get(name: string): string | undefined {
    const at = this.#keys.indexOf(headerKey(name));
    return at === -1 ? undefined : this.#values[at];
  }

  /** The values of all lines of this name. */
  all(name: string): string[] {
    const key = headerKey(name);
    return this.#values.filter((_, i) => this.#keys[i] === key);
  }

  /** The elements of all lines of this name; for a header that is no list, its lines. */
  list(name: string): string[] {
    const key = headerKey(name);
    const lines = this.all(key);
    return isListHeader(key) ? lines.flatMap(splitList) : lines;
  }

  /** How many lines of this name there are. */
  count(name: string): number {
    const key = headerKey(name);
    let count = 0;
    for (const k of this.#keys) if (k === key) count++;
    return count;
  }

  has(name: string): boolean {
    return this.#keys.includes(headerKey(name));
  }

  /** Makes this the only line of its name, at the place of the first one, else at the end. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.#keys.indexOf(key);
    if (at === -1) return this.append(name, value);
    this.#values[at] = safeValue(value);
    for (let i = this.#keys.length - 1; i > at; i--) if (this.#keys[i] === key) this.#drop(i);
    return this;
  }

  /** Adds a line at the end. */
  append(name: string, value: string): this {
    const known = knownHeader(name);
    this.#keys.push(known?.key ?? safeName(name).toLowerCase());
    this.#names.push(known?.canonical ?? safeName(name));
    this.#values.push(safeValue(value));
    return this;
  }

  /** Adds a line before the others of its name, else at the top. */
  prepend(name: string, value: string): this {
    const known = knownHeader(name);
    const key = known?.key ?? safeName(name).toLowerCase();
    const at = Math.max(0, this.#keys.indexOf(key));
    this.#keys.splice(at, 0, key);
    this.#names.splice(at, 0, known?.canonical ?? safeName(name));
    this.#values.splice(at, 0, safeValue(value));
    return this;
  }

  /** Removes all lines of this name. */
  remove(name: string): this {
    const key = headerKey(name);
    for (let i = this.#keys.length - 1; i >= 0; i--) if (this.#keys[i] === key) this.#drop(i);
    return this;
  }

  /** Removes the first element (of a list header) or line. */
  removeFirst(name: string): this {
    const key = headerKey(name);
    const at = this.#keys.indexOf(key);
    if (at === -1) return this;
    const value = this.#values[at] ?? "";
    const end = isListHeader(key) ? elementEnd(value, 0) : value.length;
    if (end < value.length) this.#values[at] = trimmed(value, end + 1);
    else this.#drop(at);
    return this;
  }

  /** Replaces the first element (of a list header) or line, e.g. the topmost Via with `received`; adds the line if there is none. */
  replaceFirst(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.#keys.indexOf(key);
    if (at === -1) return this.append(name, value);
    const old = this.#values[at] ?? "";
    const end = isListHeader(key) ? elementEnd(old, 0) : old.length;
    this.#values[at] = safeValue(value) + old.slice(end);
    return this;
  }

  /** Name in its usual spelling and value, in order. */
  *entries(): IterableIterator<readonly [string, string]> {
    for (let i = 0; i < this.#keys.length; i++) {
      const key = this.#keys[i] ?? "";
      yield [knownHeader(key)?.canonical ?? this.#names[i] ?? key, this.#values[i] ?? ""];
    }
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.entries();
  }

  clone(): Headers {
    const copy = new Headers();
    for (let i = 0; i < this.#keys.length; i++) {
      copy.addRaw(this.#keys[i] ?? "", this.#names[i] ?? "", this.#values[i] ?? "");
    }
    return copy;
  }

  /** For the parser: adds a line whose parts are known to be clean. */
  addRaw(key: string, name: string, value: string): void {
    this.#keys.push(key);
    this.#names.push(name);
    this.#values.push(value);
  }

  /** The header block as it goes on the wire, with `contentLength` in place of what Content-Length said; with the empty line. */
  format(contentLength: number): string {
    let out = "";
    let seen = false;
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] === "content-length") {
        if (!seen) out += `${this.#names[i] ?? "Content-Length"}: ${contentLength}\r\n`;
        seen = true;
      } else {
        out += `${this.#names[i] ?? ""}: ${this.#values[i] ?? ""}\r\n`;
      }
    }
    return seen ? `${out}\r\n` : `${out}Content-Length: ${contentLength}\r\n\r\n`;
  }

  #drop(at: number): void {
    this.#keys.splice(at, 1);
    this.#names.splice(at, 1);
    this.#values.splice(at, 1);
  }
}

function safeValue(value: string): string {
  let wide = false;
  let broken = false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) wide = true;
    else if (code === 0x0d || code === 0x0a) broken = true;
  }
  if (broken) value = value.replaceAll("\r", " ").replaceAll("\n", " ");
  return wide ? Buffer.from(value, "utf8").toString("latin1") : value;
}

function safeName(name: string): string {
  return name.includes("\n") || name.includes("\r") || name.includes(":") ? "X-Invalid" : name;
}
