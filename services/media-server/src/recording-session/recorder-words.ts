import { pickRecordingParts } from "@sidetone/siprec";
import { type EndReason, parseMultipart, type SipResponse } from "@sidetone/sip";
import { MAX_BUSY_MS, SWITCH_RETRY_MS } from "../limits.ts";

/** The SDP of a body that is SDP, or multipart with SDP in it; empty where there is none. */
export function sdpOf(contentType: string | undefined, body: Buffer): Buffer {
  const parts = parseMultipart(contentType ?? "", body);
  const found = pickRecordingParts(parts.ok ? parts.value : [{ contentType: contentType ?? "application/sdp", body }]);
  return found.sdp ?? Buffer.alloc(0);
}

/**
 * Why an INVITE came to nothing. 480 and 503 are the Resource Manager's, or a recorder's that takes nothing now; 408, and what
 * we made up ourselves, is no answer of a recorder.
 */
export function refusal({ status, reason, headers }: SipResponse): string {
  const unsupported = headers.list("Unsupported").map((tag) => tag.toLowerCase());
  // RFC 7866 6.1.1: whoever does not know the extension is no recorder.
  const no = status === 420 && unsupported.includes("siprec") ? ", it is no SIPREC recorder" : "";
  const warning = headers.get("Warning");
  const said = `${status} ${reason}${no}${warning === undefined ? "" : `, ${warning.slice(0, 200)}`}`;
  if (headers.has("X-Synthesised") || status === 408) return `recorder-no-answer (${said})`;
  return `${status === 480 || status === 503 ? "no-recorder" : "recorder-refused"} (${said})`;
}

/** What the answer to a re-INVITE means. */
export type ReofferVerdict =
  | { readonly kind: "taken" }
  | { readonly kind: "refused" }
  /** Nobody is there, or nobody knows the dialog. */
  | { readonly kind: "gone" }
  | { readonly kind: "later"; readonly ms: number };

/**
 * Judges the answer to a re-INVITE: 491 means again after 2.1 to 4 s, as the Call-ID is ours (RFC 3261 14.1), 503 with
 * Retry-After again then, within `MAX_BUSY_MS`.
 *
 * @param random 0 to below 1
 */
export function judgeReoffer(response: SipResponse, random: number): ReofferVerdict {
  const { status, headers } = response;
  if (status < 300) return { kind: "taken" };
  if (status === 491) return { kind: "later", ms: 2_100 + Math.floor(random * 191) * 10 };
  const busyMs = status === 503 && !headers.has("X-Synthesised") ? retryAfterMs(headers.get("Retry-After")) : undefined;
  if (busyMs !== undefined) return { kind: "later", ms: Math.min(busyMs, MAX_BUSY_MS) };
  return isGone(response) ? { kind: "gone" } : { kind: "refused" };
}

/** Retry-After in ms; undefined where there is none above 0. */
function retryAfterMs(value: string | undefined): number | undefined {
  const seconds = Number.parseInt((value ?? "").trim().slice(0, 12), 10);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** Why a recording ends that nobody stopped: its parties have gone, and nobody said so (R33). */
export const NO_RTP = "no RTP";

/** RFC 3326: how BYE says that the end is not an orderly one; the recorder marks it (R33). */
export function stopHeaders(why: string): [string, string][] {
  return why === NO_RTP ? [["Reason", `SIP;cause=408;text="${NO_RTP}"`]] : [];
}

/**
 * When a recorder is looked for again after a refusal, ms: as its Retry-After says, but after half of the time that is left at
 * most, so that who is there again earlier still gets all (R31).
 *
 * @param leftMs of `SWITCH_MS`
 */
export function retryOf(retryAfter: string | undefined, leftMs: number): number {
  const ms = retryAfterMs(retryAfter);
  if (ms === undefined) return SWITCH_RETRY_MS;
  return Math.max(SWITCH_RETRY_MS, Math.min(ms, Math.round(leftMs / 2)));
}

/** True for what says that the dialog is not there any more, or nobody. */
export function isGone({ status }: SipResponse): boolean {
  return status === 408 || status === 481 || status === 503;
}

/** True where the recorder, or the Resource Manager, has met a newer session of the recording (R30): what this Media Server has is of no use to anybody. */
export function isSuperseded({ status, reason, headers }: SipResponse): boolean {
  return status === 403 && /epoch/i.test(headers.get("Warning") ?? reason);
}

/**
 * How a dialog ended. A BYE that says `cause=200` (RFC 3326: all is well) wants the end: a newer session has taken over, or
 * nothing came to be recorded. Any other is a loss (R31): a recorder that is shut down, or cannot go on, is no reason for
 * the rest of the call to be missing. `unstored`: by its own words it may not have kept what it was sent last.
 */
export function endingOf({ by, request, response }: EndReason): {
  orderly: boolean;
  unstored: boolean;
  reason: string;
} {
  if (by === "local") return { orderly: true, unstored: false, reason: "" };
  const said = request?.headers.get("Reason");
  if (said !== undefined)
    return { orderly: /;\s*cause\s*=\s*200\b/.test(said), unstored: true, reason: `BYE: ${said}` };
  if (response !== undefined)
    return { orderly: false, unstored: false, reason: `${response.status} ${response.reason}` };
  if (by === "remote") return { orderly: false, unstored: false, reason: "the recorder ended the session" };
  return { orderly: false, unstored: false, reason: `session ended: ${by}` };
}
