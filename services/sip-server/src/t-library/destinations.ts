import { matchesPattern } from "@sidetone/config";
import { parseUri, type SipUri } from "@sidetone/sip";

/** Parameters of a recorder's address that do not lead elsewhere than its host says. */
const harmless = new Set(["transport", "lr"]);

/**
 * R10: why an application may not name this recorder; undefined where it may. A pattern of the allow-list is a host, or
 * `host:port`; `*` stands for any characters.
 */
export function destinationMistake(text: string, allowed: readonly string[]): string | undefined {
  const read = parseUri(text);
  if (!read.ok) return `is no SIP URI: ${read.error}`;
  const { scheme, host, params, headers, password } = read.value;
  if (scheme !== "sip" && scheme !== "sips") return "is no SIP URI";
  if (headers !== undefined || password !== undefined) return "must be a SIP URI without headers and password";
  for (const [name] of params.entries()) {
    if (!harmless.has(name.toLowerCase())) return `must not have the URI parameter ${name.slice(0, 32)}`;
  }
  const plain = host.toLowerCase();
  const full = placeOf(read.value);
  const named = allowed.some(
    (one) => matchesPattern(one.toLowerCase(), plain) || matchesPattern(one.toLowerCase(), full),
  );
  return named ? undefined : "is not among the destinations of this application";
}

/** R10: whether two SIP URIs name the same host and port. */
export function samePlace(one: string, other: string): boolean {
  const [a, b] = [parseUri(one), parseUri(other)];
  return a.ok && b.ok && placeOf(a.value) === placeOf(b.value);
}

function placeOf({ scheme, host, port }: SipUri): string {
  const plain = host.toLowerCase();
  return `${plain.includes(":") ? `[${plain}]` : plain}:${port ?? (scheme === "sips" ? 5061 : 5060)}`;
}
