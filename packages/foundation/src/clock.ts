/** Stops what `Clock.after` or `Clock.every` started. Calling it twice, or after the timer has fired, does nothing. */
export type Cancel = () => void;

/** The only source of time in Sidetone. Pass it in; never read `Date` or call `setTimeout` elsewhere. */
export interface Clock {
  /** Monotonic milliseconds with a fraction, from an arbitrary start. For durations and timers. */
  now(): number;
  /** Wall-clock time in microseconds since 1970-01-01T00:00:00Z. An integer; for time stamps that leave the process. */
  wallMicros(): number;
  /** Calls `run` once, at the earliest `ms` milliseconds from now. */
  after(ms: number, run: () => void): Cancel;
  /** Calls `run` every `ms` milliseconds until cancelled. Does not keep the process alive. */
  every(ms: number, run: () => void): Cancel;
}

/** The machine's clock. `wallMicros` is corrected by the monotonic clock, so it never jumps back inside a call of `now`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    // In a browser a timer is a number, and there is no process to keep alive.
    if (typeof timer === "object") timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `ms` milliseconds of `clock`. */
export function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** Parts of a wait of `afterSilence`. */
const SILENCE_SLICES = 5;

/**
 * Calls `run` once a peer has had `ms` milliseconds to answer. A stall of our own (no CPU, a machine that was paused) says nothing
 * about the peer, whose answer may wait to be read: however long, it counts as a fifth of the wait.
 */
export function afterSilence(clock: Clock, ms: number, run: () => void): Cancel {
  let slices = 1;
  let cancel: Cancel;
  const next = (): void => {
    if (slices === SILENCE_SLICES) return run();
    slices += 1;
    cancel = clock.after(ms / SILENCE_SLICES, next);
  };
  cancel = clock.after(ms / SILENCE_SLICES, next);
  return () => cancel();
}

/** Formats wall-clock microseconds as RFC 3339 UTC with microseconds, e.g. `2026-11-20T09:15:15.000250Z`. */
export function rfc3339(wallMicros: number): string {
  const seconds = new Date(Math.floor(wallMicros / 1000)).toISOString().slice(0, 19);
  const micros = ((wallMicros % 1_000_000) + 1_000_000) % 1_000_000;
  return `${seconds}.${String(micros).padStart(6, "0")}Z`;
}

/** Reads an RFC 3339 time into wall-clock microseconds; `undefined` where it is not one. */
export function parseRfc3339(text: string): number | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const fraction = /\.(\d{1,6})/.exec(text)?.[1] ?? "";
  const micros = Number(fraction.padEnd(6, "0"));
  return Math.floor(ms / 1000) * 1_000_000 + micros;
}
