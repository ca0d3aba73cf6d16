import { isUtf8 } from "node:buffer";

/** Character tests over char codes of latin1 text, and the few scanners that every SIP grammar shares. */

const TOKEN = new Uint8Array(256);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") TOKEN[c.charCodeAt(0)] = 1;

/** RFC 3261 25.1 `token`, at least one character. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}

/** Space or tab: what is left of linear white space once lines are unfolded. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The first position from `at` that is no blank. */
export function skipBlanks(text: string, at: number): number {
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Without blanks at both ends of `[start, end)`. */
export function trimmed(text: string, start = 0, end = text.length): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** The position after a quoted string that opens at `at`; -1 if it never closes. */
export function afterQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return -1;
}

/** A whole number of decimal digits only, at most `max`; `undefined` for anything else. */
export function parseDigits(text: string, max: number): number | undefined {
  if (text.length === 0 || text.length > 20) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

/** The content of a quoted string with its escapes undone; other text is given back as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22 || text.charCodeAt(text.length - 1) !== 0x22) return text;
  if (!text.includes("\\")) return text.slice(1, -1);
  let out = "";
  for (let i = 1; i < text.length - 1; i++) {
    if (text.charCodeAt(i) === 0x5c && i < text.length - 2) i++;
    out += text[i] ?? "";
  }
  return out;
}

/** A quoted string (RFC 3261 25.1), with `"` and `\` escaped. */
export function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Text of the wire (one character per byte) read as UTF-8 for people; given back as it is where it is not UTF-8. */
export function readable(wire: string): string {
  for (let i = 0; i < wire.length; i++) {
    if (wire.charCodeAt(i) < 0x80) continue;
    const bytes = Buffer.from(wire, "latin1");
    return isUtf8(bytes) ? bytes.toString("utf8") : wire;
  }
  return wire;
}

/** Text for people as it goes on the wire: UTF-8, one character per byte. */
export function wireText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return Buffer.from(text, "utf8").toString("latin1");
  }
  return text;
}

/** Splits a header's value at its commas, but for those inside quotes and angle brackets; empty elements are left out. */
export function splitList(value: string): string[] {
  const elements: string[] = [];
  let start = 0;
  while (start <= value.length) {
    const end = elementEnd(value, start);
    const element = trimmed(value, start, end);
    if (element !== "") elements.push(element);
    start = end + 1;
  }
  return elements;
}

/** Where the list element that starts at `start` ends: at its comma or at the end of the text. */
export function elementEnd(value: string, start: number): number {
  let inAngles = false;
  for (let i = start; i < value.length; i++) {
    switch (value.charCodeAt(i)) {
      case 0x22: {
        if (inAngles) break;
        const after = afterQuoted(value, i);
        if (after === -1) return value.length;
        i = after - 1;
        break;
      }
      case 0x3c:
        inAngles = true;
        break;
      case 0x3e:
        inAngles = false;
        break;
      case 0x2c:
        if (!inAngles) return i;
        break;
      default:
    }
  }
  return value.length;
}
