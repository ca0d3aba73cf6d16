import { formatMultipart, type RequestOptions } from "@sidetone/sip";
import { type RecordingMetadata, writeMetadata } from "@sidetone/siprec";

/** RFC 7866 9.1: SDP and complete metadata in one multipart body; the SDP alone where there are none. @param id makes the boundary */
export function sessionBody(
  sdp: Buffer | string,
  metadata: RecordingMetadata | undefined,
  id: string,
): Required<Pick<RequestOptions, "body" | "contentType">> {
  if (metadata === undefined) return { body: sdp, contentType: "application/sdp" };
  return formatMultipart(
    [
      { contentType: "application/sdp", body: sdp },
      {
        contentType: "application/rs-metadata+xml",
        headers: [
          ["Content-Type", "application/rs-metadata+xml"],
          ["Content-Disposition", "recording-session"],
        ],
        body: writeMetadata(metadata),
      },
    ],
    `sidetone-${id}`,
  );
}
