const MASKED = "(masked)";

/** Headers from which the digest of a weak password could be guessed (RFC 7616), in lower case. */
const CREDENTIALS = new Set([
  "authorization",
  "proxy-authorization",
  "authentication-info",
  "proxy-authentication-info",
]);

const INLINE = "inline:";
/** What ends a key in `a=crypto` (RFC 4568 9.1). */
const AFTER_KEY = new Set(["|", ";", " ", "\t", "\r", "\n"]);
/** Beginnings of lines in a body whose rest is a secret: keys of SDP (RFC 4566 5.12, RFC 4567), a digit that somebody pressed. */
const SECRET_LINES = ["k=", "a=key-mgmt:", "signal="];

/**
 * A SIP frame as text without what must not stand in a file: digest answers, SRTP keys, and digits told by INFO, which may be those of a card. Also of
 * frames that are malformed. @param text one character per byte
 */
export function maskSecrets(text: string): string {
  return maskBodyLines(maskKeys(maskCredentials(text)));
}

function maskCredentials(text: string): string {
  const headersEnd = text.indexOf("\r\n\r\n");
  const head = headersEnd < 0 ? text : text.slice(0, headersEnd);
  if (!head.toLowerCase().includes("auth")) return text;
  let folded = false;
  const lines = head.split("\r\n").flatMap((line) => {
    // RFC 3261 7.3.1: a line that begins with a blank goes on with the one before.
    if (folded && (line.startsWith(" ") || line.startsWith("\t"))) return [];
    const colon = line.indexOf(":");
    folded = colon > 0 && CREDENTIALS.has(line.slice(0, colon).trim().toLowerCase());
    return [folded ? `${line.slice(0, colon)}: ${MASKED}` : line];
  });
  const masked = lines.join("\r\n");
  return headersEnd < 0 ? masked : masked + text.slice(headersEnd);
}

/** Whoever reads a journal must not be able to listen to the call: keys of `a=crypto` (RFC 4568) are left out. */
function maskKeys(text: string): string {
  const lower = text.toLowerCase();
  let at = lower.indexOf(INLINE);
  if (at < 0) return text;
  let masked = "";
  let done = 0;
  for (; at >= 0; at = lower.indexOf(INLINE, done)) {
    const from = at + INLINE.length;
    let to = from;
    while (to < text.length && !AFTER_KEY.has(text[to] ?? "")) to++;
    masked += `${text.slice(done, from)}${MASKED}`;
    done = to;
  }
  return masked + text.slice(done);
}

function maskBodyLines(text: string): string {
  const bodyAt = text.indexOf("\r\n\r\n");
  const body = bodyAt < 0 ? text : text.slice(bodyAt + 4);
  const lower = body.toLowerCase();
  if (!SECRET_LINES.some((start) => lower.includes(start))) return text;
  const masked = body
    .split("\n")
    .map((line) => {
      const trimmed = line.toLowerCase();
      const start = SECRET_LINES.find((one) => trimmed.startsWith(one));
      return start === undefined ? line : `${line.slice(0, start.length)}${MASKED}${line.endsWith("\r") ? "\r" : ""}`;
    })
    .join("\n");
  return bodyAt < 0 ? masked : text.slice(0, bodyAt + 4) + masked;
}
