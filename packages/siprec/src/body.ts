import { isMetadataContentType, metadataContentType, metadataDisposition } from "./metadata.ts";

/** A part of a multipart body as `@sidetone/sip` reads it; or a whole body that is not multipart. */
export interface RecordingBodyPart {
  /** Content-Type, with or without parameters. */
  readonly contentType: string;
  readonly body: Buffer;
  /** Content-Disposition, where there is one. */
  readonly disposition?: string | undefined;
}

/** What a recording session's message carries (RFC 7866 9.1). */
export interface RecordingBody {
  readonly sdp: Buffer | undefined;
  readonly metadata: Buffer | undefined;
  /** Content-Type of the metadata as it was said. */
  readonly metadataType?: string;
}

/**
 * Finds SDP and metadata, in whatever order they come; parts of other types, e.g. a gateway's, are passed over. A part of another type is taken for
 * metadata where its disposition says so, or where it is an XML document of a recording.
 */
export function pickRecordingParts(parts: readonly RecordingBodyPart[]): RecordingBody {
  const sdp = parts.find(({ contentType }) => bareType(contentType) === "application/sdp");
  const metadata =
    parts.find(({ contentType }) => isMetadataContentType(contentType)) ??
    parts.find((part) => part !== sdp && bareType(part.disposition ?? "") === metadataDisposition) ??
    parts.find((part) => part !== sdp && looksLikeMetadata(part.body));
  return {
    sdp: sdp?.body,
    metadata: metadata?.body,
    ...(metadata === undefined ? {} : { metadataType: metadata.contentType }),
  };
}

/**
 * What is left of a multipart body that cannot be taken apart, because its boundary is another than it says, or a part has lines that are no
 * headers: SDP from its `v=0` line on, metadata from their first tag to the last.
 */
export function salvageParts(body: Buffer): RecordingBody {
  const text = body.toString("latin1");
  const from = text.startsWith("v=0") ? 0 : text.search(/\nv=0\r?\n/) + 1;
  const sdp = text.startsWith("v=0", from) ? sdpFrom(text, from) : undefined;
  const rest = sdp === undefined ? text : text.slice(0, from) + "\n".repeat(sdp.length) + text.slice(from + sdp.length);
  const first = rest.search(/<\??[A-Za-z]/);
  const last = rest.lastIndexOf(">");
  const xml = first < 0 || last < first ? undefined : Buffer.from(rest.slice(first, last + 1), "latin1");
  return {
    sdp: sdp === undefined ? undefined : Buffer.from(sdp, "latin1"),
    metadata: xml !== undefined && looksLikeMetadata(xml) ? xml : undefined,
  };
}

/** Lines of the form `x=...`; empty lines between them count for nothing. */
function sdpFrom(text: string, from: number): string {
  let end = from;
  for (let at = from; at < text.length; ) {
    const lf = text.indexOf("\n", at);
    const next = lf < 0 ? text.length : lf + 1;
    const line = text.slice(at, next).trim();
    if (line !== "" && line.charAt(1) !== "=") break;
    if (line !== "") end = next;
    at = next;
  }
  return text.slice(from, end);
}

/** The headers of the metadata's part, for whoever writes the multipart body. */
export const metadataPartHeaders: readonly (readonly [name: string, value: string])[] = [
  ["Content-Type", metadataContentType],
  ["Content-Disposition", metadataDisposition],
];

function looksLikeMetadata(body: Buffer): boolean {
  const start = body.toString("latin1", 0, 512).trimStart();
  return start.startsWith("<") && /<(?:[A-Za-z0-9_-]+:)?recording(?:_metadata)?[\s>]/.test(start);
}

function bareType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
