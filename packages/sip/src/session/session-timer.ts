import type { Cancel, Clock } from "@sidetone/foundation";
import type { SessionTimerWish } from "../endpoint/types.ts";
import { deltaSeconds } from "../message/index.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/index.ts";
import { MIN_SE_S, RESUMED_AFTER_MS } from "./limits.ts";

/** What both sides agreed on: seconds, and who refreshes. */
export interface SessionInterval {
  readonly seconds: number;
  readonly weRefresh: boolean;
}

/** Session-Expires (RFC 4028 4): `1800;refresher=uac`. */
export function sessionExpires(
  message: SipMessage,
): { seconds: number; refresher: "uac" | "uas" | undefined } | undefined {
  const value = message.headers.get("Session-Expires") ?? message.headers.get("x");
  if (value === undefined) return undefined;
  const [first = "", ...params] = value.split(";");
  const seconds = deltaSeconds(first.trim());
  if (seconds === undefined) return undefined;
  let refresher: "uac" | "uas" | undefined;
  for (const param of params) {
    const text = param.trim().toLowerCase();
    if (text === "refresher=uac") refresher = "uac";
    if (text === "refresher=uas") refresher = "uas";
  }
  return { seconds, refresher };
}

/** Min-SE of a message, seconds; undefined where absent or malformed. */
export function minSe(message: SipMessage): number | undefined {
  const value = message.headers.get("Min-SE");
  return value === undefined ? undefined : deltaSeconds(value.split(";")[0]?.trim() ?? "");
}

/** RFC 4028 7.1, 7.4: headers of an INVITE or UPDATE. */
export function timerHeaders(wish: SessionTimerWish, refresher?: "uac" | "uas"): (readonly [string, string])[] {
  const smallest = Math.max(MIN_SE_S, wish.minSe);
  const expires = Math.max(smallest, wish.expires);
  const headers: (readonly [string, string])[] = [
    ["Session-Expires", refresher === undefined ? String(expires) : `${expires};refresher=${refresher}`],
  ];
  if (smallest > MIN_SE_S) headers.push(["Min-SE", String(smallest)]);
  return headers;
}

/** RFC 4028 9: what the UAS answers. `tooSmall`: 422 is owed, with this Min-SE. */
export function answerTimer(
  request: SipRequest,
  wish: SessionTimerWish | false,
):
  | { kind: "tooSmall"; minSe: number }
  | { kind: "off" }
  | { kind: "on"; headers: (readonly [string, string])[]; interval: SessionInterval } {
  if (wish === false) return { kind: "off" };
  const peerSupports = [...request.headers.list("Supported"), ...request.headers.list("Require")].some(
    (tag) => tag.toLowerCase() === "timer",
  );
  const asked = sessionExpires(request);
  const smallest = Math.max(MIN_SE_S, wish.minSe);
  if (asked !== undefined && asked.seconds < smallest && peerSupports) return { kind: "tooSmall", minSe: smallest };
  const floor = Math.max(smallest, minSe(request) ?? 0);
  const seconds = Math.max(floor, Math.min(asked?.seconds ?? wish.expires, wish.expires));
  // 9: without support at the UAC the UAS has to refresh; with it, the UAC's choice counts, and the one that called refreshes by default.
  const refresher = peerSupports ? (asked?.refresher ?? (asked === undefined ? "uas" : "uac")) : "uas";
  const headers: (readonly [string, string])[] = [["Session-Expires", `${seconds};refresher=${refresher}`]];
  if (refresher === "uac") headers.unshift(["Require", "timer"]);
  return { kind: "on", headers, interval: { seconds, weRefresh: refresher === "uas" } };
}

/** RFC 4028 7.2: what a 2xx to a request of ours says; undefined: no timer. */
export function agreedTimer(response: SipResponse): SessionInterval | undefined {
  const value = sessionExpires(response);
  if (value === undefined) return undefined;
  return { seconds: Math.max(value.seconds, MIN_SE_S), weRefresh: value.refresher !== "uas" };
}

/** RFC 4028 10: refreshes at half the interval, or ends the session shortly before it is over. */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #refresh: () => void;
  readonly #expire: () => void;
  #cancelRefresh: Cancel | undefined;
  #cancelExpiry: Cancel | undefined;
  #interval: SessionInterval | undefined;
  #sinceMicros = 0;

  constructor(clock: Clock, refresh: () => void, expire: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
    this.#expire = expire;
  }

  get interval(): SessionInterval | undefined {
    return this.#interval;
  }

  /** A request or response of a refresh made a new start; undefined turns it off. */
  start(interval: SessionInterval | undefined): void {
    this.#run(interval, this.#clock.wallMicros(), 0);
  }

  /** As a restarted element goes on with it: what should have happened meanwhile happens shortly. */
  resume(interval: SessionInterval, sinceMicros: number): void {
    this.#run(interval, sinceMicros, RESUMED_AFTER_MS);
  }

  /** When the last refresh was, wall-clock microseconds. */
  get sinceMicros(): number {
    return this.#sinceMicros;
  }

  #run(interval: SessionInterval | undefined, sinceMicros: number, atLeastMs: number): void {
    this.stop();
    this.#interval = interval;
    this.#sinceMicros = sinceMicros;
    if (interval === undefined) return;
    const ms = interval.seconds * 1000;
    const goneMs = Math.max(0, (this.#clock.wallMicros() - sinceMicros) / 1000);
    const left = (whole: number): number => Math.max(atLeastMs, whole - goneMs);
    // 10: "the minimum of 32 seconds and one third of the session interval" before the end.
    this.#cancelExpiry = this.#clock.after(left(ms - Math.min(32_000, ms / 3)), () => {
      this.stop();
      this.#expire();
    });
    if (interval.weRefresh) this.#cancelRefresh = this.#clock.after(left(ms / 2), this.#refresh);
  }

  /** A refresh failed without ending the session: one more try while there is time. */
  retry(): void {
    const seconds = this.#interval?.seconds;
    if (seconds === undefined || this.#cancelExpiry === undefined) return;
    this.#cancelRefresh?.();
    this.#cancelRefresh = this.#clock.after(Math.min(10_000, (seconds * 1000) / 20), this.#refresh);
  }

  stop(): void {
    this.#cancelRefresh?.();
    this.#cancelExpiry?.();
    this.#cancelRefresh = undefined;
    this.#cancelExpiry = undefined;
  }
}
