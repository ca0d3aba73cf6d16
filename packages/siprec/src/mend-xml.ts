/** A document that was made well-formed. */
export interface MendedXml {
  readonly text: string;
  /** The bytes were not UTF-8, and were read as Latin-1. */
  readonly notUtf8: boolean;
}

const ENTITY = /^&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});/;
const LONGEST_ENTITY = 10;
/** After so many `<` that begin no tag every further one that might is text: the pass stays linear. */
const MAX_STRAY = 256;

/**
 * Makes a well-formed document of one that is not, as far as hand-made metadata need it: names with bare `&` and `<`, attribute values without
 * quotes, tags that are not closed because the message was cut, bytes of another character set, things before and behind the root. One pass, linear.
 * A DOCTYPE is left as it is: it is refused for good reason.
 */
export function mendXml(input: string | Uint8Array): MendedXml {
  const { text, notUtf8 } = decode(input);
  const first = text.indexOf("<");
  return { text: first < 0 ? "" : new Mender(text).run(first), notUtf8 };
}

function decode(input: string | Uint8Array): MendedXml {
  if (typeof input === "string") return { text: input, notUtf8: false };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(input), notUtf8: false };
  } catch {
    return { text: Buffer.from(input).toString("latin1"), notUtf8: true };
  }
}

class Mender {
  readonly #text: string;
  readonly #open: string[] = [];
  /** How often a name is among the open ones. */
  readonly #depth = new Map<string, number>();
  #out = "";
  #rootSeen = false;
  #stray = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(from: number): string {
    const text = this.#text;
    for (let at = from; at < text.length; ) {
      if (this.#rootSeen && this.#open.length === 0) break;
      const lt = text.indexOf("<", at);
      if (lt !== at) {
        this.#characters(text.slice(at, lt < 0 ? undefined : lt));
        if (lt < 0) break;
      }
      at = this.#markup(lt);
    }
    for (let name = this.#open.pop(); name !== undefined; name = this.#open.pop()) this.#out += `</${name}>`;
    return this.#out;
  }

  /** What begins with `<` at `at`; returns where it ends. */
  #markup(at: number): number {
    const text = this.#text;
    if (text.startsWith("<!--", at)) return skipped(text, "-->", at + 4);
    if (text.startsWith("<![CDATA[", at)) {
      const end = skipped(text, "]]>", at + 9);
      const closed = text.endsWith("]]>", end);
      this.#characters(text.slice(at + 9, closed ? end - 3 : end));
      return end;
    }
    if (text.startsWith("<?", at)) return skipped(text, "?>", at + 2);
    if (text.startsWith("<!", at)) {
      const end = skipped(text, ">", at);
      this.#out += text.slice(at, end);
      return end;
    }
    if (text.startsWith("</", at)) return this.#closing(at);
    if (this.#inName()) {
      this.#characters("<");
      return at + 1;
    }
    const name = nameAt(text, at + 1);
    const after = at + 1 + name.length;
    const possible = name !== "" && /[\s/>]/.test(text.charAt(after)) && this.#stray < MAX_STRAY;
    const tag = possible ? attributesOf(text, after) : undefined;
    if (tag === undefined) {
      this.#stray += 1;
      this.#characters("<");
      return at + 1;
    }
    this.#rootSeen = true;
    this.#out += `<${name}${tag.written}${tag.empty ? "/" : ""}>`;
    if (!tag.empty) {
      this.#open.push(name);
      this.#depth.set(name, (this.#depth.get(name) ?? 0) + 1);
    }
    return tag.end;
  }

  #closing(at: number): number {
    const name = nameAt(this.#text, at + 2);
    const end = skipped(this.#text, ">", at);
    if ((this.#depth.get(name) ?? 0) === 0) return end;
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      this.#depth.set(last, (this.#depth.get(last) ?? 1) - 1);
      this.#out += `</${last}>`;
      if (last === name) break;
    }
    return end;
  }

  /** Nothing is inside a name but text: `Tom <Jerry>` is how somebody is called. */
  #inName(): boolean {
    const last = this.#open.at(-1) ?? "";
    return last === "name" || last.endsWith(":name");
  }

  #characters(piece: string): void {
    if (this.#open.length > 0) this.#out += escaped(piece);
  }
}

/** Behind the next `mark`, or the end. */
function skipped(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function nameAt(text: string, at: number): string {
  let end = at;
  while (end < text.length && /[A-Za-z0-9_.:\-\u0080-\uffff]/.test(text.charAt(end))) end += 1;
  const name = text.slice(at, end);
  return /^[A-Za-z_]/.test(name) ? name : "";
}

/** Attributes from `at` to the end of the tag; `undefined` where this is no tag. */
function attributesOf(text: string, at: number): { written: string; empty: boolean; end: number } | undefined {
  let written = "";
  const seen = new Set<string>();
  for (let i = at; ; ) {
    while (/\s/.test(text.charAt(i))) i += 1;
    if (i >= text.length) return { written, empty: false, end: i };
    if (text.charAt(i) === ">") return { written, empty: false, end: i + 1 };
    if (text.startsWith("/>", i)) return { written, empty: true, end: i + 2 };
    const name = nameAt(text, i);
    if (name === "") return undefined;
    i += name.length;
    while (/\s/.test(text.charAt(i))) i += 1;
    if (text.charAt(i) !== "=") return undefined;
    i += 1;
    while (/\s/.test(text.charAt(i))) i += 1;
    const quote = text.charAt(i);
    const quoted = quote === '"' || quote === "'";
    const from = quoted ? i + 1 : i;
    let end = quoted ? text.indexOf(quote, from) : from;
    if (!quoted) while (end < text.length && !/[\s>]/.test(text.charAt(end))) end += 1;
    if (end < 0) end = text.length;
    if (!seen.has(name)) written += ` ${name}="${escaped(text.slice(from, end)).replaceAll('"', "&quot;")}"`;
    seen.add(name);
    i = quoted ? end + 1 : end;
  }
}

/** Bare `&` and `<` as XML wants them; control characters that XML does not know are left out. */
function escaped(piece: string): string {
  let out = "";
  for (let i = 0; i < piece.length; i++) {
    const c = piece.charAt(i);
    if (c === "<") out += "&lt;";
    else if (c === ">") out += "&gt;";
    else if (c === "&") out += ENTITY.test(piece.slice(i, i + LONGEST_ENTITY + 1)) ? "&" : "&amp;";
    else if (c >= " " || c === "\t" || c === "\n" || c === "\r") out += c;
  }
  return out;
}
