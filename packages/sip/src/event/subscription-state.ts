import { parseValueWithParams } from "../message/index.ts";
import { deltaSeconds } from "../message/index.ts";
import { MAX_STATE_TEXT } from "./limits.ts";

/** RFC 6665 8.2.3: Subscription-State of a NOTIFY. */
export interface SubscriptionState {
  /** `active`, `pending`, `terminated`, or an extension in lower case. */
  readonly state: string;
  /** Seconds that are left. */
  readonly expires: number | undefined;
  /** Why it ended: `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant` or an extension. */
  readonly reason: string | undefined;
  /** Seconds after which another SUBSCRIBE may be tried. */
  readonly retryAfter: number | undefined;
}

/** Reads `active;expires=60`; undefined where it is malformed. */
export function parseSubscriptionState(value: string): SubscriptionState | undefined {
  if (value.length > MAX_STATE_TEXT) return undefined;
  const parsed = parseValueWithParams(value);
  if (!parsed.ok || parsed.value.head === "") return undefined;
  const { head, params } = parsed.value;
  return {
    state: head,
    expires: deltaSeconds(params.text("expires") ?? ""),
    reason: params.text("reason")?.toLowerCase(),
    retryAfter: deltaSeconds(params.text("retry-after") ?? ""),
  };
}

/** Writes a Subscription-State. */
export function formatSubscriptionState(s: Partial<SubscriptionState> & { readonly state: string }): string {
  const expires = s.expires === undefined ? "" : `;expires=${s.expires}`;
  const reason = s.reason === undefined ? "" : `;reason=${s.reason}`;
  const retry = s.retryAfter === undefined ? "" : `;retry-after=${s.retryAfter}`;
  return s.state + expires + reason + retry;
}

/** Package of an Event header value (RFC 6665 8.2.1), in lower case, and its `id`; undefined where it is malformed. */
export function parseEvent(value: string): { readonly name: string; readonly id: string | undefined } | undefined {
  if (value.length > MAX_STATE_TEXT) return undefined;
  const parsed = parseValueWithParams(value);
  if (!parsed.ok || parsed.value.head === "") return undefined;
  return { name: parsed.value.head, id: parsed.value.params.text("id") };
}
