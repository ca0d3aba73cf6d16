import { parseUri } from "@sidetone/sip";
import { matches } from "./rights.ts";

/** Parameters of a recorder's address that do not lead elsewhere than its host says. */
const harmless = new Set(["transport", "lr"]);

/**
 * R10: why an application may not name this recorder; undefined where it may. A pattern of the allow-list is a host, or
 * `host:port`; `*` stands for any characters.
 */
export function destinationMistake(text: string, allowed: readonly string[]): string | undefined {
  const read = parseUri(text);
  if (!read.ok) return `is no SIP URI: ${read.error}`;
  const { scheme, host, port, params, headers, password } = read.value;
  if (scheme !== "sip" && scheme !== "sips") return "is no SIP URI";
  if (headers !== undefined || password !== undefined) return "must be a SIP URI without headers and password";
  for (const [name] of params.entries()) {
    if (!harmless.has(name.toLowerCase())) return `must not have the URI parameter ${name.slice(0, 32)}`;
  }
  const plain = host.toLowerCase();
  const full = `${plain.includes(":") ? `[${plain}]` : plain}:${port ?? (scheme === "sips" ? 5061 : 5060)}`;
  const named = allowed.some((one) => matches(one.toLowerCase(), plain) || matches(one.toLowerCase(), full));
  return named ? undefined : "is not among the destinations of this application";
}
