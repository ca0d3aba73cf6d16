import type { SipMessage } from "./message.ts";

/**
 * The message as bytes: headers in their order with their values and spelling untouched; Content-Length is the body's
 * length in bytes, put in place of the old one, else added. The buffer is the caller's.
 */
export function serialize(message: SipMessage): Buffer {
  const start =
    message.kind === "request"
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  const head = oneLine(start) + message.headers.format(message.body.length);
  const bytes = Buffer.allocUnsafe(head.length + message.body.length);
  bytes.write(head, 0, "latin1");
  message.body.copy(bytes, head.length);
  return bytes;
}

/** A start line that was put together from foreign text must stay one line. */
function oneLine(start: string): string {
  const end = start.indexOf("\n");
  if (end === start.length - 1 && start.indexOf("\r") === end - 1) return start;
  return `${start.replaceAll("\r", " ").replaceAll("\n", " ").trimEnd()}\r\n`;
}
