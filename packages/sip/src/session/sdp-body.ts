import { parseMultipart, type SipMessage } from "../message/index.ts";

/** The body of a message where it is, or contains, a session description; multipart bodies count as a whole. */
export function sdpOf(message: SipMessage): Buffer | undefined {
  if (message.body.length === 0) return undefined;
  const type = message.contentType;
  return type === "application/sdp" || type?.startsWith("multipart/") === true ? message.body : undefined;
}

/** What a message of ours describes: of a multipart body its session description, so that a refresh can repeat it alone. */
export function descriptionIn(body: Buffer | string, contentType: string | undefined): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.from(body);
  if (contentType === undefined || !/^multipart\//i.test(contentType.trimStart())) return bytes;
  const parts = parseMultipart(contentType, bytes);
  const found = parts.ok ? parts.value.find((part) => /^application\/sdp\b/i.test(part.contentType)) : undefined;
  return found === undefined ? bytes : Buffer.from(found.body);
}
