import type { XmlElement } from "@sidetone/xml";
import { MAX_DEVIATIONS } from "./limits.ts";
import { Refused } from "./refusal.ts";
import type { ResponseCode } from "./response-codes.ts";

/** Namespace of the extensions of MSML 1.0 clients: their attributes are those that RFC 5707 has without one. */
export const legacyNamespace = "http://convedia.com/moml/ext";

/** What is against RFC 5707 in a document that is understood all the same. */
export interface Deviation {
  /** The code that strict reading gives. */
  readonly response: ResponseCode;
  /** `msml/join[2]/stream`. */
  readonly place: string;
  readonly reason: string;
  readonly remedy: string;
}

/** How a document is read. Lenient: what is understood is taken, as other implementations write it. */
export type ReadingMode = "lenient" | "strict";

/** The reading of one document. */
export class Reading {
  readonly mode: ReadingMode;
  readonly deviations: Deviation[] = [];
  readonly #namespace: string;

  /** `namespace`: that of the root element; the RFC's schema has none. */
  constructor(mode: ReadingMode, namespace: string) {
    this.mode = mode;
    this.#namespace = namespace;
  }

  /** Throws in strict reading. */
  deviate(deviation: Deviation): void {
    if (this.mode === "strict") throw new Refused(deviation);
    if (this.deviations.length < MAX_DEVIATIONS) this.deviations.push(deviation);
  }

  /** True for an element of MSML itself. */
  isOurs({ ns, prefix }: XmlElement): boolean {
    // An undeclared prefix: only the one that its clients are known to leave undeclared.
    if (ns === "" && prefix !== "") return prefix === "cvd";
    return ns === "" || ns === this.#namespace || ns === legacyNamespace;
  }
}
