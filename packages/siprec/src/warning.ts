import { MAX_WARNINGS } from "./limits.ts";

/** What is odd in a document, or between it and the SDP. Nothing of it keeps audio from being recorded. */
export const metadataWarnings = {
  "foreign-namespace": "elements are not in the namespace of RFC 7865",
  "foreign-root": "root element is not <recording>",
  "legacy-attribute": "an attribute has the name of an older draft",
  "missing-id": "an element without its id was left out",
  "non-uuid-id": "an id is not the base64 of a UUID",
  "mended-xml": "the document was not well-formed XML, and was mended",
  "not-utf8": "the document is not UTF-8, and was read as Latin-1",
  "bad-time": "a time could not be read, or is before the year 2000",
  "time-without-zone": "a time without zone was read as UTC",
  "participant-mismatch": "an association names a participant that is not described",
  "stream-mismatch": "an association names a stream that is not described",
  "ambiguous-sender": "several participants send one stream, and nothing says that they are on one side",
  "assumed-sender": "nothing says who sends a stream: taken in the order of the document",
  "swapped-streams": "a participant's send and recv are the wrong way round, and were turned",
  "unknown-label": "metadata name a label that the SDP does not have",
  "unclaimed-label": "the SDP has a label that metadata do not name",
  "duplicate-label": "two streams of the metadata, or of the SDP, have the same label",
  "no-participants": "the document describes nobody",
  "partial-without-snapshot": "a partial document came before any complete one",
  "too-many-warnings": "further warnings were left out",
} as const;

/** A stable code of the table above. */
export type MetadataWarningCode = keyof typeof metadataWarnings;

/** One thing that is odd. */
export interface MetadataWarning {
  readonly code: MetadataWarningCode;
  /** The id, label or text that it is about. */
  readonly about: string;
}

/** Collects warnings, each pair of code and subject once, up to a limit. */
export class Warnings {
  readonly #found = new Map<string, MetadataWarning>();

  add(code: MetadataWarningCode, about: string): void {
    if (this.#found.size > MAX_WARNINGS) return;
    const entry = this.#found.size === MAX_WARNINGS ? "too-many-warnings" : code;
    const subject = entry === code ? about.slice(0, 128) : "";
    this.#found.set(`${entry} ${subject}`, { code: entry, about: subject });
  }

  list(): MetadataWarning[] {
    return Array.from(this.#found.values());
  }
}
