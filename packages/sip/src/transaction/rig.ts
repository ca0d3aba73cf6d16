import { ManualClock } from "@sidetone/foundation";
import type { FsmSettings, Step } from "./fsm.ts";
import { TransactionTimers } from "./timers.ts";

/** For tests: runs a pure machine on a manual clock and writes down what it does, `ms what`. */
export class MachineRig<State extends { readonly name: string }, Input> {
  readonly clock = new ManualClock();
  readonly log: string[] = [];
  readonly #step: (state: State, input: Input, o: FsmSettings) => Step<State>;
  readonly #settings: FsmSettings;
  readonly #timers = new TransactionTimers(this.clock);
  state: State;

  constructor(
    step: (state: State, input: Input, o: FsmSettings) => Step<State>,
    start: State,
    transport: "udp" | "tcp" = "udp",
  ) {
    this.#step = step;
    this.state = start;
    this.#settings = { t1: 500, t2: 4000, t4: 5000, reliable: transport === "tcp" };
  }

  /** Feeds one input. */
  put(input: Input): void {
    const { state, outputs } = this.#step(this.state, input, this.#settings);
    this.state = state;
    for (const output of outputs) {
      if (output.kind === "set")
        this.#timers.set(output.timer, output.ms, (timer) => this.put({ kind: "timer", timer } as Input));
      else if (output.kind === "clear") this.#timers.clear(output.timer);
      else {
        this.log.push(`${this.clock.now()} ${output.kind === "failed" ? output.why : output.kind}`);
        if (output.kind === "terminated") this.#timers.clearAll();
      }
    }
  }

  /** Moves time, and gives what was logged since the last call. */
  after(ms: number): string[] {
    this.clock.advance(ms);
    return this.log.splice(0);
  }
}
