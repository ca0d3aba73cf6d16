import { type NameAddr, type SipRequest, parseNameAddr } from "@sidetone/sip";
import { type RecordingMetadata, readRecordingUri } from "@sidetone/siprec";
import { foreignParameters } from "./foreign-parameters.ts";

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
  /** The client makes a session per party: those with the same key, at the same time, are one recording. */
  readonly half: CallHalf | undefined;
}

/** One of the two calls that Cisco Unified CM makes for one recorded phone. */
export interface CallHalf {
  /** The same for both. */
  readonly key: string;
  /** `near`: what the recorded phone says; it is the agent's. */
  readonly end: "near" | "far";
  readonly nearAddress: string | undefined;
  readonly farAddress: string | undefined;
}

/** Reads who it is for. */
export function readIdentity(request: SipRequest, metadata: RecordingMetadata | undefined): SessionIdentity {
  const read = readRecordingUri(request.uri);
  const uri = read.ok ? read.value : undefined;
  const call = metadata?.call;
  const named = new Map<string, string>(uri?.params ?? []);
  const lower = new Map(Array.from(named, ([name, value]) => [name.toLowerCase(), value]));
  const foreign = call === undefined && uri === undefined ? foreignParameters(metadata, request) : {};
  const parameters: Record<string, string> = {
    ...foreign,
    ...Object.fromEntries(named),
    ...carriedHeaders(request),
  };
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
    callUuid: uri?.callUuid ?? call?.callUuid ?? request.headers.get("X-Genesys-CallUUID") ?? foreign["GenesysUUID"],
    connId: call?.connId ?? lower.get("connid"),
    dn: uri?.dn,
    copy: uri?.copy ?? call?.copy ?? 1,
    epoch: uri?.epoch ?? call?.epoch,
    fileName: call?.fileName ?? lower.get("filename"),
    parameters,
    half: asked === undefined ? readHalf(request.from) : undefined,
  };
}

/** Cisco's built-in bridge: `x-nearend` or `x-farend`, and the reference of the recorded call, in the URI of From. */
function readHalf(from: NameAddr | undefined): CallHalf | undefined {
  const params = from?.uri.params;
  const reference = params?.text("x-refci");
  if (params === undefined || reference === undefined) return undefined;
  const end = params.get("x-nearend") !== undefined ? "near" : params.get("x-farend") !== undefined ? "far" : undefined;
  if (end === undefined) return undefined;
  const key = [params.text("x-nearendclusterid") ?? from?.uri.host ?? "", reference].join(" ");
  const nearAddress = params.text("x-nearendaddr") ?? from?.uri.user;
  return { key, end, nearAddress, farAddress: params.text("x-farendaddr") };
}

/** Parameters that a recorder of profile `request-uri` gets as `X-` headers on re-INVITE and BYE. Ours about the transport are left out. */
export function carriedHeaders(request: SipRequest): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of request.headers.entries()) {
    const lower = name.toLowerCase();
    if (!lower.startsWith("x-") || lower === "x-resource-token" || lower === "x-genesys-calluuid") continue;
    const key = name.slice(2);
    const before = found[key];
    found[key] = before === undefined ? value : `${before}, ${value}`;
  }
  return found;
}

/** When the client says that recording began, µs; undefined where its metadata are not of our profile. */
export function startOf(metadata: RecordingMetadata | undefined): number | undefined {
  if (metadata?.call === undefined) return undefined;
  const times = metadata.sessionRecordings.flatMap((r) => (r.associateTime === undefined ? [] : [r.associateTime]));
  return times.length > 0 ? Math.min(...times) : metadata.sessions[0]?.startTime;
}

/** The addresses in a header that may come several times or be a list. */
export function addressesIn(request: SipRequest, name: string): NameAddr[] {
  return request.headers.list(name).flatMap((element) => {
    const read = parseNameAddr(element);
    return read.ok ? [read.value] : [];
  });
}
