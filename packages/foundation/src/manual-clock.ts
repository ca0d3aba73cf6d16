import type { Cancel, Clock } from "./clock.ts";

interface Timer {
  due: number;
  order: number;
  readonly run: () => void;
  readonly every: number | undefined;
}

/** A clock that tests turn by hand. Timers fire in the order of their due times, with `now()` at that time. */
export class ManualClock implements Clock {
  #now: number;
  readonly #wallStart: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param wallStartMicros wall-clock time at `now() === 0`; default 2026-11-20T09:15:15Z. */
  constructor(wallStartMicros = 1_795_166_115_000_000) {
    this.#now = 0;
    this.#wallStart = wallStartMicros;
  }

  now(): number {
    return this.#now;
  }

  wallMicros(): number {
    return this.#wallStart + Math.round(this.#now * 1000);
  }

  after(ms: number, run: () => void): Cancel {
    return this.#add(ms, run, undefined);
  }

  every(ms: number, run: () => void): Cancel {
    return this.#add(ms, run, ms);
  }

  /** Timers that wait to fire: 0 after a clean shutdown. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward by `ms`, firing every timer that falls due, those that fired timers start included. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#nextDue(end);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      if (next.every !== undefined) {
        next.due += next.every;
        next.order = ++this.#order;
        this.#timers.add(next);
      }
      next.run();
    }
    this.#now = end;
  }

  /** Like `advance`, but lets promise continuations run after each timer. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#nextDue(end);
      if (next === undefined) break;
      this.advance(Math.max(0, next.due - this.#now));
    }
    this.#now = end;
    await settled();
  }

  #add(ms: number, run: () => void, every: number | undefined): Cancel {
    const timer: Timer = { due: this.#now + Math.max(0, ms), order: ++this.#order, run, every };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #nextDue(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const t of this.#timers) {
      if (t.due > end) continue;
      if (next === undefined || t.due < next.due || (t.due === next.due && t.order < next.order)) next = t;
    }
    return next;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
