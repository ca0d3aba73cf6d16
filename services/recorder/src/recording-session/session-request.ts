import { type Result, fail, ok } from "@sidetone/foundation";
import { type Sdp, type SipRequest, parseMultipart, parseSdp } from "@sidetone/sip";
import {
  checkLabels,
  type MetadataWarning,
  type RecordingMetadata,
  pickRecordingParts,
  readMetadata,
  readRecordingUri,
} from "@sidetone/siprec";
import { MAX_METADATA_BYTES } from "../limits.ts";
import { readOffer } from "./answer.ts";

/** The metadata of a message: understood or not, they are kept. */
export interface CarriedMetadata {
  readonly raw: string;
  readonly metadata: RecordingMetadata | undefined;
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
}

/** What a message of a recording session carries. */
export interface SessionBody {
  readonly offer: Sdp | undefined;
  readonly carried: CarriedMetadata | undefined;
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
 * and it is not marked as optional; metadata never make it fail.
 */
export function readSessionBody(request: SipRequest): Result<SessionBody, BodyRefusal> {
  if (request.body.length === 0) return ok({ offer: undefined, carried: undefined });
  const contentType = request.headers.get("Content-Type") ?? "application/sdp";
  const multipart =
    request.contentType?.startsWith("multipart/") === true ? parseMultipart(contentType, request.body) : undefined;
  if (multipart !== undefined && !multipart.ok) return fail(badBody(`multipart body: ${multipart.error}`));
  const { sdp, metadata } = pickRecordingParts(
    multipart === undefined ? [{ contentType, body: request.body }] : multipart.value,
  );
  if (sdp === undefined && metadata === undefined && !isOptional(request)) return fail(unknownBody(contentType));
  const offer = sdp === undefined ? undefined : parseSdp(sdp);
  if (offer !== undefined && !offer.ok) return fail(badBody(`SDP: ${offer.error}`));
  return ok({ offer: offer?.value, carried: metadata === undefined ? undefined : readCarried(metadata) });
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

function readCarried(body: Buffer): CarriedMetadata {
  const raw = body.subarray(0, MAX_METADATA_BYTES).toString("utf8");
  const read = readMetadata(body);
  if (!read.ok) return { raw, metadata: undefined, warnings: [{ code: "metadata-not-understood", text: read.error }] };
  const warnings = read.value.warnings.map((w: MetadataWarning) => ({ code: `metadata-${w.code}`, text: w.about }));
  return { raw, metadata: read.value.metadata, warnings };
}

/** Who a recording session is for: what the Request-URI says, filled up from metadata and headers. */
export interface SessionIdentity {
  readonly recordingId: string | undefined;
  /** Set where an id was asked for that cannot be served: the recording gets one of ours. */
  readonly refusedId: string | undefined;
  readonly callUuid: string | undefined;
  readonly connId: string | undefined;
  readonly dn: string | undefined;
  readonly copy: number;
  /** `undefined`: the client knows no epochs. */
  readonly epoch: number | undefined;
  readonly fileName: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads who it is for. */
export function readIdentity(request: SipRequest, metadata: RecordingMetadata | undefined): SessionIdentity {
  const read = readRecordingUri(request.uri);
  const uri = read.ok ? read.value : undefined;
  const call = metadata?.call;
  const named = new Map<string, string>(uri?.params ?? []);
  const lower = new Map(Array.from(named, ([name, value]) => [name.toLowerCase(), value]));
  const parameters: Record<string, string> = { ...Object.fromEntries(named), ...carriedHeaders(request) };
  const known: [string, string | undefined][] = [
    ["dn", uri?.dn],
    ["otherdn", uri?.otherDn],
    ["recorddn", uri?.recordDn ?? call?.recordDn],
  ];
  for (const [name, value] of known) if (value !== undefined) parameters[name] = value;
  const asked = uri?.recordingId ?? call?.recordingId;
  const usable = asked === undefined || (asked !== "." && asked !== "..");
  return {
    recordingId: usable ? asked : undefined,
    refusedId: usable ? undefined : asked,
    callUuid: uri?.callUuid ?? call?.callUuid ?? request.headers.get("X-Genesys-CallUUID"),
    connId: call?.connId ?? lower.get("connid"),
    dn: uri?.dn,
    copy: uri?.copy ?? call?.copy ?? 1,
    epoch: uri?.epoch ?? call?.epoch,
    fileName: call?.fileName ?? lower.get("filename"),
    parameters,
  };
}

/** Parameters that a recorder of profile `request-uri` gets as `X-` headers on re-INVITE and BYE. Ours about the transport are left out. */
export function carriedHeaders(request: SipRequest): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of request.headers.entries()) {
    const lower = name.toLowerCase();
    if (lower.startsWith("x-") && lower !== "x-resource-token" && lower !== "x-genesys-calluuid")
      found[name.slice(2)] = value;
  }
  return found;
}

/** What an INVITE of a recording session should have said and did not; it is served all the same, and its recording says so. */
export function complaintsOf(request: SipRequest, { carried, offer }: SessionBody): { code: string; text: string }[] {
  if (carried === undefined) return [{ code: "no-metadata", text: "the INVITE carried no recording metadata" }];
  const found: { code: string; text: string }[] = [];
  if (!request.headers.list("Require").some((r) => r.toLowerCase() === "siprec"))
    found.push({ code: "no-require-siprec", text: "the INVITE did not say Require: siprec" });
  if (!(request.headers.get("Contact") ?? "").includes("+sip.src"))
    found.push({ code: "no-sip-src", text: "the Contact of the INVITE did not say +sip.src" });
  if (carried.metadata === undefined || offer === undefined) return found;
  const labels = readOffer(offer).flatMap((l) => (l.label === undefined ? [] : [l.label]));
  for (const { code, about } of checkLabels(carried.metadata, labels))
    found.push({ code: `metadata-${code}`, text: about });
  return found;
}

/** When the client says that recording began, µs; undefined where its metadata are not of our profile. */
export function startOf(metadata: RecordingMetadata | undefined): number | undefined {
  if (metadata?.call === undefined) return undefined;
  const times = metadata.sessionRecordings.flatMap((r) => (r.associateTime === undefined ? [] : [r.associateTime]));
  return times.length > 0 ? Math.min(...times) : metadata.sessions[0]?.startTime;
}
