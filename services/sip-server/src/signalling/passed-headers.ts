import type { SipRequest } from "@sidetone/sip";

/** Headers of the caller's INVITE that the called party's phone is shown. Everything else is between us and one phone. */
const passed = new Set([
  "accept-language",
  "alert-info",
  "call-info",
  "date",
  "organization",
  "priority",
  "reply-to",
  "subject",
  "user-to-user",
]);

/** Extension headers of our own control plane never reach a phone. */
const ours = ["x-genesys-", "x-resource-", "x-sidetone-"];

/** What of an INVITE is carried over to the far leg: the listed headers and foreign `X-` headers, values untouched. */
export function passedHeaders(invite: SipRequest): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of invite.headers.entries()) {
    const lower = name.toLowerCase();
    const extension = lower.startsWith("x-") && !ours.some((prefix) => lower.startsWith(prefix));
    if (passed.has(lower) || extension) headers.push([name, value]);
  }
  return headers;
}

/** Max-Forwards for the far leg: one less than the caller's; 70 where the caller said none. */
export function forwardsLeft(invite: SipRequest): number {
  const text = invite.headers.get("Max-Forwards");
  const value = text === undefined ? 71 : Number(text);
  return Number.isInteger(value) && value >= 0 && value <= 255 ? value - 1 : 70;
}
