import { fail, ok, type Result } from "@sidetone/foundation";
import { SaxesParser } from "saxes";
import type { XmlElement } from "./element.ts";
import { defaultXmlLimits, type XmlLimits } from "./limits.ts";

/** Why a text is not a document that we read. */
export interface XmlError {
  /** `syntax`: not well-formed. `limit`: larger than allowed. `forbidden`: DOCTYPE, processing instruction, or an encoding other than UTF-8. */
  readonly code: "syntax" | "limit" | "forbidden";
  /** One line for a log or a response. */
  readonly message: string;
}

/** How to read. */
export interface XmlOptions {
  /** Default `forgiven`: an element of an undeclared prefix has an empty `ns`. `refused`: it is a `syntax` error. */
  readonly undeclaredPrefixes?: "forgiven" | "refused";
}

class Refused extends Error {
  readonly code: XmlError["code"];
  constructor(code: XmlError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** What saxes is told that an undeclared prefix means; an element's `ns` is then empty. */
const undeclared = "urn:sidetone:undeclared";
const readableEncodings = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);

/**
 * Reads an XML 1.0 document in UTF-8 into a tree. Never throws.
 *
 * Refused: DOCTYPE (and with it every entity but the five of XML), processing instructions, anything above `limits`.
 * Forgiven, because hand-built bodies have it: a byte order mark, white space before the declaration, a missing
 * declaration, a prefix that was never declared (`options`).
 */
export function parseXml(
  input: string | Uint8Array,
  limits: XmlLimits = defaultXmlLimits,
  options: XmlOptions = {},
): Result<XmlElement, XmlError> {
  try {
    return ok(read(input, limits, options));
  } catch (error) {
    if (error instanceof Refused) return fail({ code: error.code, message: error.message });
    const message = error instanceof Error ? error.message : String(error);
    return fail({ code: "syntax", message });
  }
}

function read(input: string | Uint8Array, limits: XmlLimits, { undeclaredPrefixes }: XmlOptions): XmlElement {
  if (input.length > limits.size) throw new Refused("limit", `document longer than ${limits.size}`);
  const text = decode(input);
  const resolvePrefix = undeclaredPrefixes === "refused" ? {} : { resolvePrefix: () => undeclared };
  const parser = new SaxesParser({ xmlns: true, position: false, ...resolvePrefix });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  let attributes = 0;

  const addText = (piece: string): void => {
    const parent = open.at(-1);
    if (parent === undefined) return;
    const last = parent.children.at(-1);
    const whole = typeof last === "string" ? last + piece : piece;
    if (whole.length > limits.text) throw new Refused("limit", `text longer than ${limits.text}`);
    if (typeof last === "string") parent.children[parent.children.length - 1] = whole;
    else parent.children.push(whole);
  };

  parser.on("error", (error) => {
    throw error;
  });
  parser.on("xmldecl", ({ encoding }) => {
    if (encoding !== undefined && !readableEncodings.has(encoding.toLowerCase())) {
      throw new Refused("forbidden", "encoding other than UTF-8");
    }
  });
  parser.on("doctype", () => {
    throw new Refused("forbidden", "DOCTYPE");
  });
  parser.on("processinginstruction", () => {
    throw new Refused("forbidden", "processing instruction");
  });
  parser.on("opentagstart", () => {
    elements += 1;
    attributes = 0;
    if (elements > limits.elements) throw new Refused("limit", `more than ${limits.elements} elements`);
    if (open.length >= limits.depth) throw new Refused("limit", `deeper than ${limits.depth}`);
  });
  parser.on("attribute", ({ value }) => {
    attributes += 1;
    if (attributes > limits.attributes) throw new Refused("limit", `more than ${limits.attributes} attributes`);
    if (value.length > limits.text) throw new Refused("limit", `attribute longer than ${limits.text}`);
  });
  parser.on("opentag", (tag) => {
    const made: XmlElement = {
      name: tag.local,
      prefix: tag.prefix,
      ns: tag.uri === undeclared ? "" : tag.uri,
      attributes: new Map(),
      children: [],
    };
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.prefix === "xmlns" || attribute.name === "xmlns") continue;
      const key =
        attribute.prefix !== "" && attribute.uri !== undeclared
          ? `{${attribute.uri}}${attribute.local}`
          : attribute.local;
      made.attributes.set(key, attribute.value);
    }
    const parent = open.at(-1);
    if (parent === undefined) root = made;
    else parent.children.push(made);
    open.push(made);
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.on("text", addText);
  parser.on("cdata", addText);

  parser.write(text).close();
  if (root === undefined) throw new Refused("syntax", "no root element");
  return root;
}

function decode(input: string | Uint8Array): string {
  const text =
    typeof input === "string" ? input : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start += 1;
  return start === 0 ? text : text.slice(start);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
