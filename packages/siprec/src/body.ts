import { isMetadataContentType, metadataContentType, metadataDisposition } from "./metadata.ts";

/** A part of a multipart body as `@sidetone/sip` reads it; or a whole body that is not multipart. */
export interface RecordingBodyPart {
  /** Content-Type, with or without parameters. */
  readonly contentType: string;
  readonly body: Buffer;
}

/** What a recording session's message carries (RFC 7866 9.1). */
export interface RecordingBody {
  readonly sdp: Buffer | undefined;
  readonly metadata: Buffer | undefined;
}

/** Finds SDP and metadata, in whatever order they come; parts of other types, e.g. a gateway's, are passed over. */
export function pickRecordingParts(parts: readonly RecordingBodyPart[]): RecordingBody {
  const sdp = parts.find(({ contentType }) => bareType(contentType) === "application/sdp");
  const metadata = parts.find(({ contentType }) => isMetadataContentType(contentType));
  return { sdp: sdp?.body, metadata: metadata?.body };
}

/** The headers of the metadata's part, for whoever writes the multipart body. */
export const metadataPartHeaders: readonly (readonly [name: string, value: string])[] = [
  ["Content-Type", metadataContentType],
  ["Content-Disposition", metadataDisposition],
];

function bareType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
