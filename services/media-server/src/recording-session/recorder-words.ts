import { pickRecordingParts } from "@sidetone/siprec";
import { type EndReason, parseMultipart, type SipResponse } from "@sidetone/sip";
import { SWITCH_RETRY_MS } from "../limits.ts";

/** The SDP of a body that is SDP, or multipart with SDP in it; empty where there is none. */
export function sdpOf(contentType: string | undefined, body: Buffer): Buffer {
  const parts = parseMultipart(contentType ?? "", body);
  const found = pickRecordingParts(parts.ok ? parts.value : [{ contentType: contentType ?? "application/sdp", body }]);
  return found.sdp ?? Buffer.alloc(0);
}

/** Why an INVITE came to nothing. 480 and 503 are the Resource Manager's, or a recorder's that takes nothing now; what we made up ourselves is no answer. */
export function refusal({ status, reason, headers }: SipResponse): string {
  const said = `${status} ${reason}`;
  if (headers.has("X-Synthesised")) return `recorder-no-answer (${said})`;
  return `${status === 480 || status === 503 ? "no-recorder" : "recorder-refused"} (${said})`;
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
  const seconds = Number.parseInt((retryAfter ?? "").slice(0, 12), 10);
  if (!(seconds > 0)) return SWITCH_RETRY_MS;
  return Math.max(SWITCH_RETRY_MS, Math.min(seconds * 1_000, Math.round(leftMs / 2)));
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
