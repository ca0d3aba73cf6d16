import {
  GOODBYE_MS,
  MAX_RETRY_AFTER_MS,
  REFRESH_SHARE,
  REFUSED_RETRY_MS,
  RESUBSCRIBE_MAX_MS,
  RESUBSCRIBE_MS,
  SUBSCRIBE_ANSWER_MS,
} from "./limits.ts";
import type { SubscriptionState } from "./subscription-state.ts";

/**
 * RFC 6665 4.1: one subscription that is kept up until it is closed.
 *
 *   idle --start--> subscribing --NOTIFY--> active --time--> refreshing --2xx--> active
 *   subscribing, active, refreshing --failed, refused, terminated--> waiting --time--> subscribing
 *   subscribing, active, refreshing --close--> closing --NOTIFY terminated, refused, time--> ended
 *   idle, waiting --close--> ended;  terminated with a reason that forbids another try --> ended
 */
export interface Subscriber {
  readonly phase: "idle" | "subscribing" | "active" | "refreshing" | "waiting" | "closing" | "ended";
  /** Asked for, seconds; raised by 423. */
  readonly expires: number;
  /** Before the next try after a loss, ms. */
  readonly retryMs: number;
}

export type SubscriberInput =
  | { readonly kind: "start" }
  /** The final answer to the last SUBSCRIBE. */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly expires: number | undefined;
      readonly minExpires: number | undefined;
      readonly retryAfter: number | undefined;
    }
  | { readonly kind: "failed"; readonly why: "timeout" | "transport" }
  | { readonly kind: "notified"; readonly state: SubscriptionState }
  | { readonly kind: "timer" }
  /** The connection that NOTIFYs came over is gone. */
  | { readonly kind: "flow-closed" }
  | { readonly kind: "close" };

export type SubscriberOutput =
  /** Sends SUBSCRIBE: `fresh` outside any dialog, else in the one there is. */
  | { readonly kind: "subscribe"; readonly fresh: boolean; readonly expires: number }
  /** Replaces a running timer; undefined stops it. */
  | { readonly kind: "timer"; readonly ms: number | undefined }
  /** The dialog is over: its NOTIFYs are no longer ours. */
  | { readonly kind: "forget" }
  | { readonly kind: "active"; readonly expires: number }
  /** `retryMs` undefined: there will be no other try. */
  | { readonly kind: "terminated"; readonly reason: string; readonly retryMs: number | undefined };

/** RFC 6665 4.1.3: reasons after which a subscriber is not to ask again. */
const FINAL_REASONS = new Set(["rejected", "noresource", "invariant"]);
/** RFC 6665 4.1.3: reasons after which it may ask at once. */
const AT_ONCE = new Set(["deactivated", "timeout"]);

export function newSubscriber(expires: number): Subscriber {
  return { phase: "idle", expires, retryMs: RESUBSCRIBE_MS };
}

type Step = [Subscriber, SubscriberOutput[]];

/** One step. */
export function stepSubscriber(s: Subscriber, input: SubscriberInput): Step {
  if (s.phase === "ended") return [s, []];
  if (s.phase === "closing") return onClosing(s, input);
  switch (input.kind) {
    case "start":
      return s.phase === "idle" ? subscribe(s) : [s, []];
    case "timer":
      return onTimer(s);
    case "answered":
      return onAnswer(s, input);
    case "failed":
      return waitsForAnswer(s) ? lose(s, input.why) : [s, []];
    case "notified":
      return onNotify(s, input.state);
    case "flow-closed":
      return s.phase === "active" ? refresh(s) : [s, []];
    case "close":
      return onClose(s);
  }
}

function waitsForAnswer(s: Subscriber): boolean {
  return s.phase === "subscribing" || s.phase === "refreshing";
}

function subscribe(s: Subscriber): Step {
  return [
    { ...s, phase: "subscribing" },
    [
      { kind: "subscribe", fresh: true, expires: s.expires },
      { kind: "timer", ms: SUBSCRIBE_ANSWER_MS },
    ],
  ];
}

function refresh(s: Subscriber): Step {
  return [
    { ...s, phase: "refreshing" },
    [
      { kind: "subscribe", fresh: false, expires: s.expires },
      { kind: "timer", ms: SUBSCRIBE_ANSWER_MS },
    ],
  ];
}

function onTimer(s: Subscriber): Step {
  if (s.phase === "waiting") return subscribe(s);
  if (s.phase === "active") return refresh(s);
  return waitsForAnswer(s) ? lose(s, "timeout") : [s, []];
}

function onAnswer(s: Subscriber, a: SubscriberInput & { kind: "answered" }): Step {
  if (!waitsForAnswer(s)) return [s, []];
  if (a.status < 300) {
    // The first NOTIFY makes the subscription; until it comes the timer of SUBSCRIBE runs on.
    if (s.phase === "subscribing") return [s, []];
    return [{ ...s, phase: "active" }, [refreshLater(a.expires ?? s.expires)]];
  }
  if (a.status === 423 && a.minExpires !== undefined && a.minExpires > s.expires) {
    const next = { ...s, expires: a.minExpires };
    return s.phase === "subscribing" ? subscribe(next) : refresh(next);
  }
  // 4.1.2.2: 481 says that the notifier has forgotten us; it may have been restarted.
  if (s.phase === "refreshing" && (a.status === 481 || a.status === 408)) return lose(s, `answered ${a.status}`, 0);
  const again = a.status === 408 || a.status === 480 || (a.status >= 500 && a.status < 600 && a.status !== 501);
  const told = a.retryAfter === undefined ? undefined : Math.min(a.retryAfter * 1000, MAX_RETRY_AFTER_MS);
  return lose(s, `answered ${a.status}`, told ?? (again ? undefined : REFUSED_RETRY_MS));
}

function onNotify(s: Subscriber, { state, expires, reason, retryAfter }: SubscriptionState): Step {
  if (s.phase === "idle" || s.phase === "waiting") return [s, []];
  if (state === "terminated") {
    if (FINAL_REASONS.has(reason ?? "")) return end(s, reason ?? "");
    const told = retryAfter === undefined ? undefined : Math.min(retryAfter * 1000, MAX_RETRY_AFTER_MS);
    return lose(s, reason ?? "terminated", AT_ONCE.has(reason ?? "") ? s.retryMs : told);
  }
  const left = expires ?? s.expires;
  const active: Subscriber = { ...s, phase: "active", retryMs: RESUBSCRIBE_MS };
  if (s.phase === "subscribing") return [active, [{ kind: "active", expires: left }, refreshLater(left)]];
  // While a refresh is on its way its answer decides.
  return s.phase === "refreshing" ? [s, []] : [active, [refreshLater(left)]];
}

function onClose(s: Subscriber): Step {
  const told: SubscriberOutput = { kind: "terminated", reason: "closed", retryMs: undefined };
  if (s.phase !== "active" && !waitsForAnswer(s)) return gone(s, [told]);
  return [
    { ...s, phase: "closing" },
    [told, { kind: "timer", ms: GOODBYE_MS }, { kind: "subscribe", fresh: false, expires: 0 }],
  ];
}

/** 4.1.2.3: whoever unsubscribes takes NOTIFYs until the one that says `terminated`. */
function onClosing(s: Subscriber, input: SubscriberInput): Step {
  switch (input.kind) {
    case "notified":
      return input.state.state === "terminated" ? gone(s, []) : [s, []];
    case "answered":
      return input.status < 300 ? [s, []] : gone(s, []);
    case "failed":
    case "timer":
    case "flow-closed":
      return gone(s, []);
    case "start":
    case "close":
      return [s, []];
  }
}

function end(s: Subscriber, reason: string): Step {
  return gone(s, [{ kind: "terminated", reason, retryMs: undefined }]);
}

function gone(s: Subscriber, after: SubscriberOutput[]): Step {
  return [{ ...s, phase: "ended" }, [{ kind: "timer", ms: undefined }, { kind: "forget" }, ...after]];
}

/** It is lost: told, and tried again. @param ms undefined: by the back-off. */
function lose(s: Subscriber, reason: string, ms?: number): Step {
  const retryMs = ms ?? s.retryMs;
  return [
    { ...s, phase: "waiting", retryMs: Math.min(s.retryMs * 2, RESUBSCRIBE_MAX_MS) },
    [{ kind: "forget" }, { kind: "terminated", reason, retryMs }, { kind: "timer", ms: retryMs }],
  ];
}

function refreshLater(seconds: number): SubscriberOutput {
  return { kind: "timer", ms: Math.max(1, seconds) * 1000 * REFRESH_SHARE };
}
