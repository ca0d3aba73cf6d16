import { pickRecordingParts } from "@sidetone/siprec";
import { type EndReason, parseMultipart, type SipResponse } from "@sidetone/sip";

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

/** True for what says that the dialog is not there any more, or nobody. */
export function isGone({ status }: SipResponse): boolean {
  return status === 408 || status === 481 || status === 503;
}

/**
 * How a dialog ended. A recorder's BYE is orderly: somebody there wanted the end of the recording, or a newer session took
 * over. With a Reason (RFC 3326) it says that it cannot go on, which is a loss like any other (R31).
 */
export function endingOf({ by, request, response }: EndReason): { orderly: boolean; reason: string } {
  if (by === "local") return { orderly: true, reason: "" };
  const said = request?.headers.get("Reason");
  if (said !== undefined) return { orderly: false, reason: `BYE: ${said}` };
  if (response !== undefined) return { orderly: false, reason: `${response.status} ${response.reason}` };
  if (by === "remote") return { orderly: true, reason: "the recorder ended the session" };
  return { orderly: false, reason: `session ended: ${by}` };
}
