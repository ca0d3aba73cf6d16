import { childElements, textOf, type XmlElement } from "@sidetone/xml";
import { MAX_FOREIGN, MAX_FOREIGN_TEXT } from "./limits.ts";

/** Elements of RFC 7865 and its drafts, lower case: what is inside others of these names is no extension. */
const KNOWN: ReadonlySet<string> = new Set([
  "datamode",
  "group",
  "session",
  "participant",
  "stream",
  "sessionrecordingassoc",
  "participantsessionassoc",
  "participantstreamassoc",
  "nameid",
  "name",
  "aor",
  "send",
  "recv",
  "label",
  "mode",
  "content-type",
  "associate-time",
  "disassociate-time",
  "start-time",
  "stop-time",
  "sipsessionid",
  "reason",
  "group-ref",
  "param",
  "recording",
  "requestor",
  "type",
  "initiator",
]);

/** Read into the model (`MetadataParticipant.calling`). */
const UNDERSTOOD: ReadonlySet<string> = new Set(["callingparty", "role"]);

/** Collects what vendors add to the metadata, in whatever element of it: text of innermost elements by their local names. */
export class Foreign {
  readonly #found = new Map<string, string>();

  /** Takes the extensions that are direct children of an element of the model. */
  take(parent: XmlElement): void {
    for (const el of childElements(parent)) if (isExtension(el)) this.#leaves(el, undefined);
  }

  list(): (readonly [string, string])[] {
    return Array.from(this.#found);
  }

  #leaves(el: XmlElement, label: string | undefined): void {
    const said = el.attributes.get("label") ?? el.attributes.get("name") ?? label;
    const inner = childElements(el);
    if (inner.length === 0 && !UNDERSTOOD.has(el.name.toLowerCase())) this.#add(said ?? el.name, textOf(el));
    for (const child of inner) this.#leaves(child, said);
  }

  #add(name: string, text: string): void {
    const value = text.slice(0, MAX_FOREIGN_TEXT);
    if (value === "" || this.#found.size >= MAX_FOREIGN) return;
    for (let n = 1; ; n++) {
      const key = n === 1 ? name : `${name}.${n}`;
      const known = this.#found.get(key);
      if (known === value) return;
      if (known !== undefined) continue;
      this.#found.set(key, value);
      return;
    }
  }
}

/** An element of an extension, whatever its namespace: some vendors have none of their own. */
export function isExtension(el: XmlElement): boolean {
  return !KNOWN.has(el.name.toLowerCase());
}

/** The first text of an element of this local name in the extensions of a parent; case does not matter. */
export function foreignText(parent: XmlElement, name: string): string | undefined {
  for (const el of childElements(parent)) {
    if (!isExtension(el)) continue;
    if (el.name.toLowerCase() === name) return textOf(el);
    const inside = foreignText(el, name);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
