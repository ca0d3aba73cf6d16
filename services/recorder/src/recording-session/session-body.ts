import { type Result, fail, ok } from "@sidetone/foundation";
import { type Sdp, type SipRequest, parseMultipart, parseSdp } from "@sidetone/sip";
import {
  type MetadataWarning,
  type RecordingBody,
  type RecordingMetadata,
  metadataContentType,
  pickRecordingParts,
  readMetadata,
  salvageParts,
} from "@sidetone/siprec";
import { MAX_METADATA_BYTES } from "../limits.ts";

/** Something odd about a message or a session; becomes a line of the manifest. */
export interface Complaint {
  readonly code: string;
  readonly text: string;
}

/** The metadata of a message: understood or not, they are kept. */
export interface CarriedMetadata {
  readonly raw: string;
  /** As the client said it. */
  readonly contentType: string;
  readonly metadata: RecordingMetadata | undefined;
  readonly warnings: readonly Complaint[];
}

/** What a message of a recording session carries. */
export interface SessionBody {
  readonly offer: Sdp | undefined;
  readonly carried: CarriedMetadata | undefined;
  readonly warnings: readonly Complaint[];
}

/** Body types that a recording session understands. */
export const ACCEPTED_BODIES = [
  "application/sdp",
  "multipart/mixed",
  "application/rs-metadata+xml",
  "application/rs-metadata",
] as const;

/** Why a body is refused, and the answer that says so. */
export interface BodyRefusal {
  readonly status: 400 | 415;
  readonly text: string;
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Takes a message's body apart. Fails with 400 where there is SDP that cannot be read, with 415 (RFC 3261 8.2.3) where nothing in it is known
 * and it is not marked as optional; metadata never make it fail, nor does a multipart body that is cut or says another boundary than it has.
 */
export function readSessionBody(request: SipRequest): Result<SessionBody, BodyRefusal> {
  const warnings: Complaint[] = [];
  if (request.body.length === 0) return ok({ offer: undefined, carried: undefined, warnings });
  const contentType = request.headers.get("Content-Type") ?? "application/sdp";
  const picked = takeApart(request, contentType, warnings);
  const { sdp, metadata } = picked;
  if (sdp === undefined && metadata === undefined && !isOptional(request)) {
    const multipart = warnings[0];
    return fail(multipart === undefined ? unknownBody(contentType) : badBody(`multipart body: ${multipart.text}`));
  }
  const offer = sdp === undefined ? undefined : readSdp(sdp, warnings);
  if (offer !== undefined && !offer.ok) return fail(badBody(`SDP: ${offer.error}`));
  const carried = metadata === undefined ? undefined : readCarried(metadata, picked.metadataType);
  return ok({ offer: offer?.value, carried, warnings });
}

function takeApart(request: SipRequest, contentType: string, warnings: Complaint[]): RecordingBody {
  const { body } = request;
  if (request.contentType?.startsWith("multipart/") !== true) return pickRecordingParts([{ contentType, body }]);
  const parts = parseMultipart(contentType, body);
  if (parts.ok) {
    const picked = pickRecordingParts(
      parts.value.map((part) => ({
        contentType: part.contentType,
        body: part.body,
        disposition: part.headers.get("Content-Disposition"),
      })),
    );
    if (picked.sdp !== undefined || picked.metadata !== undefined) return picked;
  }
  const salvaged = salvageParts(body);
  if (!parts.ok) warnings.push({ code: "bad-multipart", text: parts.error });
  else if (salvaged.sdp !== undefined) warnings.push({ code: "bad-multipart", text: "no part says that it is SDP" });
  return salvaged;
}

/** Reads SDP; lines that make it unreadable and are not needed to receive its media are left out, with a warning. */
function readSdp(sdp: Buffer, warnings: Complaint[]): Result<Sdp> {
  const read = parseSdp(sdp);
  if (read.ok) return read;
  const mended = parseSdp(mendSdp(sdp.toString("utf8")));
  if (!mended.ok || mended.value.media.length === 0) return read;
  warnings.push({ code: "bad-sdp", text: read.error });
  return mended;
}

function mendSdp(text: string): string {
  const kept: string[] = [];
  let inMedia = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (!/^[a-z]=./.test(line)) continue;
    const type = line.charAt(0);
    const words = line
      .slice(2)
      .split(" ")
      .filter((word) => word !== "").length;
    if (type === "m") inMedia = true;
    if (type === "v" || type === "o" || (type === "s" && inMedia) || line.startsWith("a=:")) continue;
    if (type === "c" && words !== 3) continue;
    kept.push(line);
  }
  return `v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n${kept.join("\r\n")}\r\n`;
}

function badBody(text: string): BodyRefusal {
  return {
    status: 400,
    text,
    headers: [["Warning", `399 sidetone "${text.replaceAll(/[\\"\r\n]/g, " ").slice(0, 200)}"`]],
  };
}

function unknownBody(contentType: string): BodyRefusal {
  const text = `a body of ${contentType.slice(0, 100)} is not understood`;
  return { status: 415, text, headers: [["Accept", ACCEPTED_BODIES.join(", ")]] };
}

/** RFC 3261 20.11: a body that may be ignored says so. */
function isOptional(request: SipRequest): boolean {
  return /;\s*handling\s*=\s*"?optional/i.test(request.headers.get("Content-Disposition") ?? "");
}

function readCarried(body: Buffer, contentType = metadataContentType): CarriedMetadata {
  const raw = body.subarray(0, MAX_METADATA_BYTES).toString("utf8");
  const read = readMetadata(body);
  if (!read.ok)
    return { raw, contentType, metadata: undefined, warnings: [{ code: "metadata-not-understood", text: read.error }] };
  const warnings = read.value.warnings.map((w: MetadataWarning) => ({ code: `metadata-${w.code}`, text: w.about }));
  return { raw, contentType, metadata: read.value.metadata, warnings };
}
