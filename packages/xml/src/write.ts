import { SidetoneError } from "@sidetone/foundation";
import type { XmlElement } from "./element.ts";

/** How a document is written. */
export interface WriteOptions {
  /** Puts `<?xml version="1.0" encoding="UTF-8"?>` in front. Default true. */
  readonly declaration?: boolean;
}

const xmlNamespace = "http://www.w3.org/XML/1998/namespace";

/** Prefixes in scope, innermost last. */
type Scope = ReadonlyMap<string, string>;

/**
 * Writes a document on one line. Namespaces are declared where they first occur, with the element's own prefix.
 * A character that XML 1.0 cannot carry becomes U+FFFD, so that text from the wire never makes a document unreadable.
 *
 * @throws SidetoneError `xml-name` where an element or attribute name is not a name: a programmer's mistake.
 */
export function writeXml(root: XmlElement, options: WriteOptions = {}): string {
  const out: string[] = [];
  if (options.declaration !== false) out.push('<?xml version="1.0" encoding="UTF-8"?>\n');
  write(root, new Map([["", ""]]), out);
  return out.join("");
}

function write(el: XmlElement, outer: Scope, out: string[]): void {
  const scope = new Map(outer);
  const declared: string[] = [];
  const declare = (prefix: string, ns: string): void => {
    scope.set(prefix, ns);
    declared.push(` ${prefix === "" ? "xmlns" : `xmlns:${checkName(prefix)}`}="${escapeXml(ns)}"`);
  };
  // An element in no namespace cannot have a prefix.
  const prefix = el.ns === "" ? "" : el.prefix;
  if (scope.get(prefix) !== el.ns) declare(prefix, el.ns);

  const attributes: string[] = [];
  for (const [key, value] of el.attributes) {
    attributes.push(` ${attributeName(key, scope, declare)}="${escapeXml(value)}"`);
  }
  const tag = prefix === "" ? checkName(el.name) : `${checkName(prefix)}:${checkName(el.name)}`;
  out.push("<", tag, ...declared, ...attributes);
  if (el.children.length === 0) {
    out.push("/>");
    return;
  }
  out.push(">");
  for (const child of el.children) {
    if (typeof child === "string") out.push(escapeXml(child));
    else write(child, scope, out);
  }
  out.push("</", tag, ">");
}

function attributeName(key: string, scope: Map<string, string>, declare: (prefix: string, ns: string) => void): string {
  if (!key.startsWith("{")) return checkName(key);
  const end = key.lastIndexOf("}");
  const ns = key.slice(1, end);
  const local = checkName(key.slice(end + 1));
  if (ns === xmlNamespace) return `xml:${local}`;
  for (const [prefix, uri] of scope) {
    if (uri === ns && prefix !== "") return `${prefix}:${local}`;
  }
  let number = 1;
  while (scope.has(`ns${number}`)) number += 1;
  declare(`ns${number}`, ns);
  return `ns${number}:${local}`;
}

/** Escapes text for element content and for attribute values in double quotes. */
export function escapeXml(text: string): string {
  let out = "";
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const replacement = replacementOf(code, text, i);
    if (replacement === undefined) continue;
    out += text.slice(from, i) + replacement;
    from = i + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

function replacementOf(code: number, text: string, at: number): string | undefined {
  switch (code) {
    case 0x26:
      return "&amp;";
    case 0x3c:
      return "&lt;";
    case 0x3e:
      return "&gt;";
    case 0x22:
      return "&quot;";
    case 0x27:
      return "&apos;";
    case 0x09:
    case 0x0a:
    case 0x0d:
      return `&#${code};`; // else attribute-value normalisation would make it a space
    case 0xfffe:
    case 0xffff:
      return "\ufffd";
    default:
      if (code < 0x20) return "\ufffd";
      if (code >= 0xd800 && code <= 0xdbff) return isLowSurrogate(text.charCodeAt(at + 1)) ? undefined : "\ufffd";
      if (code >= 0xdc00 && code <= 0xdfff) return isHighSurrogate(text.charCodeAt(at - 1)) ? undefined : "\ufffd";
      return undefined;
  }
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

const nameShape = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

function checkName(name: string): string {
  if (!nameShape.test(name))
    throw new SidetoneError("xml-name", `not an XML name: ${JSON.stringify(name.slice(0, 64))}`);
  return name;
}
