import { childElements, textOf, type XmlElement } from "@sidetone/xml";
import { isUuidId } from "./id.ts";
import { readTime } from "./time.ts";
import type { Warnings } from "./warning.ts";

/** One element's attributes and children, with warnings for what is odd. Names are compared without regard to case. */
export class Fields {
  readonly element: XmlElement;
  readonly warnings: Warnings;

  constructor(element: XmlElement, warnings: Warnings) {
    this.element = element;
    this.warnings = warnings;
  }

  get text(): string {
    return textOf(this.element);
  }

  /** The id under its name of today, else under an older one; a warning and `undefined` where there is none. */
  id(name: string, ...older: readonly string[]): string | undefined {
    const value = this.optionalId(name, ...older);
    if (value === undefined) this.warnings.add("missing-id", this.element.name);
    return value;
  }

  /** Like `id`, where the element may lack it. */
  optionalId(name: string, ...older: readonly string[]): string | undefined {
    const now = this.element.attributes.get(name);
    const oldName = now === undefined ? older.find((candidate) => this.element.attributes.has(candidate)) : undefined;
    const value = oldName === undefined ? now : this.element.attributes.get(oldName);
    if (oldName !== undefined) this.warnings.add("legacy-attribute", `${this.element.name} ${oldName}`);
    if (value === undefined || value === "") return undefined;
    if (!isUuidId(value)) this.warnings.add("non-uuid-id", value);
    return value;
  }

  attribute(name: string): string | undefined {
    return this.element.attributes.get(name);
  }

  children(name: string): XmlElement[] {
    return childElements(this.element).filter((child) => child.name.toLowerCase() === name.toLowerCase());
  }

  /** Texts of the children of this name that are not empty. */
  texts(name: string): string[] {
    return this.children(name)
      .map(textOf)
      .filter((text) => text !== "");
  }

  /** Ids that the children of this name hold, as text or, in an older draft, in an `<id>` of their own. */
  references(name: string): string[] {
    return this.children(name)
      .flatMap((el) => {
        const inner = childElements(el).filter((child) => child.name.toLowerCase() === "id");
        return inner.length === 0 ? [textOf(el)] : inner.map(textOf);
      })
      .filter((id) => id !== "");
  }

  time(name: string): number | undefined {
    const text = this.texts(name)[0];
    return text === undefined ? undefined : readTime(text, this.warnings);
  }

  association(): { associateTime?: number; disassociateTime?: number } {
    const associateTime = this.time("associate-time");
    const disassociateTime = this.time("disassociate-time");
    return {
      ...(associateTime === undefined ? {} : { associateTime }),
      ...(disassociateTime === undefined ? {} : { disassociateTime }),
    };
  }
}
