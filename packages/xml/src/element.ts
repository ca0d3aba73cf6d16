/** An XML element after namespace resolution. Comments are dropped, CDATA is text. */
export interface XmlElement {
  /** Local name, without prefix. */
  name: string;
  /** Prefix as written; empty where there was none. A writer may declare another one. */
  prefix: string;
  /** Namespace name; empty where the element is in none, or its prefix was never declared. */
  ns: string;
  /** By local name; an attribute that is in a namespace has the key `{namespace}local`. Declarations (`xmlns`) are not here. */
  attributes: Map<string, string>;
  /** In document order; neighbouring pieces of text are one string. */
  children: (XmlElement | string)[];
}

/** The key of the attribute `xml:lang`. */
export const xmlLang = "{http://www.w3.org/XML/1998/namespace}lang";

/** What an element that is made here may be given besides its name. */
export interface ElementParts {
  readonly ns?: string;
  /** Preferred prefix; empty makes `ns` the default namespace. */
  readonly prefix?: string;
  /** Attributes whose value is `undefined` are left out. */
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly (XmlElement | string | undefined)[];
}

/** Makes an element. */
export function element(name: string, parts: ElementParts = {}): XmlElement {
  const attributes = new Map<string, string>();
  for (const [key, value] of Object.entries(parts.attributes ?? {})) {
    if (value !== undefined) attributes.set(key, value);
  }
  const children = (parts.children ?? []).filter((child) => child !== undefined);
  return { name, prefix: parts.prefix ?? "", ns: parts.ns ?? "", attributes, children };
}

/** The child elements in order, text left out. */
export function childElements(parent: XmlElement): XmlElement[] {
  return parent.children.filter((child) => typeof child !== "string");
}

/** The child elements with this local name, whatever their namespace. */
export function childrenNamed(parent: XmlElement, name: string): XmlElement[] {
  return childElements(parent).filter((child) => child.name === name);
}

/** The first child element with this local name, whatever its namespace. */
export function childNamed(parent: XmlElement, name: string): XmlElement | undefined {
  return childElements(parent).find((child) => child.name === name);
}

/** The text directly inside an element, without white space at its ends. */
export function textOf(parent: XmlElement): string {
  return parent.children
    .filter((child) => typeof child === "string")
    .join("")
    .trim();
}
