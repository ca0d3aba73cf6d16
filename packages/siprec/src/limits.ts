import { defaultXmlLimits, type XmlLimits } from "@sidetone/xml";

/** Foreign metadata are larger than MSML: a conference with vendor extensions still fits. */
export const metadataLimits: XmlLimits = { ...defaultXmlLimits, size: 262_144, elements: 8_000 };
/** Warnings kept per document; more are counted in one last warning. */
export const MAX_WARNINGS = 50;
/** Characters of a recording id (R8). */
export const MAX_RECORDING_ID = 128;
/** Parameters read from one Request-URI. */
export const MAX_URI_PARAMS = 128;
/** Values kept of a document's foreign extensions, and the longest one, characters. */
export const MAX_FOREIGN = 64;
export const MAX_FOREIGN_TEXT = 1024;
