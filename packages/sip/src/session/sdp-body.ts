import type { SipMessage } from "../message/index.ts";

/** The body of a message where it is, or contains, a session description; multipart bodies count as a whole. */
export function sdpOf(message: SipMessage): Buffer | undefined {
  if (message.body.length === 0) return undefined;
  const type = message.contentType;
  return type === "application/sdp" || type?.startsWith("multipart/") === true ? message.body : undefined;
}
