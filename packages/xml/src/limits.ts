/** What a document may cost before it is refused. All bounds are inclusive. */
export interface XmlLimits {
  /** Length of the document: bytes of a Buffer, UTF-16 units of a string. */
  readonly size: number;
  /** Elements inside elements; the root has depth 1. */
  readonly depth: number;
  /** Elements in the whole document. */
  readonly elements: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributes: number;
  /** UTF-16 units of one piece of text or one attribute value. */
  readonly text: number;
}

/** Default limits: far above any MSML or recording-metadata document, far below what hurts. */
export const defaultXmlLimits: XmlLimits = {
  size: 65_536,
  depth: 32,
  elements: 2_000,
  attributes: 64,
  text: 32_768,
};
