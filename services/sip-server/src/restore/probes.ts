import type { Cancel, Clock } from "@sidetone/foundation";
import type { InviteSession } from "@sidetone/sip";
import type { CallController } from "../signalling/call-controller.ts";
import { PROBE_AFTER_MS, PROBE_EVERY_MS } from "./limits.ts";

/**
 * R33: who hung up while the server was away got no answer to its BYE. Each phone of a restored call is asked once, as a
 * session timer would do it, then the Media Server of each call: the calls that are over are then known to be.
 */
export class Probes {
  readonly #clock: Clock;
  #stop: Cancel = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins shortly, one question after another. */
  start(calls: readonly CallController[]): void {
    const phones = new Set(calls.flatMap(({ phones: { all } }) => all.map(({ session }) => session)));
    const questions = [
      ...Array.from(phones, (session) => () => askPhone(session)),
      ...calls.map((call) => () => askMediaServer(call)),
    ];
    if (questions.length === 0) return;
    this.#stop = this.#clock.after(PROBE_AFTER_MS, () => {
      this.#stop = this.#clock.every(PROBE_EVERY_MS, () => {
        const next = questions.shift();
        if (next === undefined) this.stop();
        else void next();
      });
    });
  }

  stop(): void {
    this.#stop();
  }
}

/** A 481 ends its session by itself. A TCP phone whose connection is gone is not dead: it comes back, or its timer ends it. */
async function askPhone(session: InviteSession): Promise<void> {
  if (session.state !== "confirmed") return;
  const { status } = await session.refresh();
  const overTcp = session.remoteTarget?.includes("transport=tcp") === true;
  if (status === 408 && !overTcp && session.state === "confirmed") session.terminate();
}

async function askMediaServer({ over, path }: CallController): Promise<void> {
  if (!over) await path.anchor?.probe();
}
