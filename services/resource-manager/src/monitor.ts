import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import type { SipResponse } from "@sidetone/sip";
import type { HealthInput } from "./groups/health.ts";
import { loadHeader, parseLoadReport } from "./groups/load-report.ts";
import type { Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";

/** Asks one SIP URI by OPTIONS; undefined where no answer came in time. */
export type AskOptions = (uri: string, timeoutMs: number) => Promise<SipResponse | undefined>;

/** Watches every resource by OPTIONS: the next one goes out an interval after the last one was answered or given up. */
export class HealthMonitor {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ask: AskOptions;
  readonly #waiting = new Map<Resource, Cancel>();
  #closed = false;

  constructor(o: { pool: Pool; clock: Clock; log: Logger; ask: AskOptions }) {
    this.#pool = o.pool;
    this.#clock = o.clock;
    this.#log = o.log;
    this.#ask = o.ask;
  }

  start(): void {
    for (const group of this.#pool.groups) {
      for (const resource of group.resources) this.#probe(resource, group.config.monitor);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  /** What a probe, or anybody who sent something there, saw. */
  observe(resource: Resource, input: HealthInput): void {
    const output = resource.observe(input, this.#clock.now());
    const fields = { group: resource.group, resource: resource.address };
    if (output?.kind === "came-up") this.#log.info(fields, "resource is up");
    if (output?.kind === "went-down") this.#log.warn({ ...fields, reason: output.reason }, "resource is down");
  }

  #probe(resource: Resource, timing: { intervalMs: number; timeoutMs: number }): void {
    const askedAt = this.#clock.now();
    const answered = (response: SipResponse | undefined): void => {
      if (this.#closed) return;
      this.observe(
        resource,
        response === undefined ? { kind: "unanswered" } : { kind: "answered", status: response.status },
      );
      resource.reported(parseLoadReport(response?.headers.get(loadHeader)), askedAt);
      const again = this.#clock.after(timing.intervalMs, () => {
        this.#waiting.delete(resource);
        this.#probe(resource, timing);
      });
      this.#waiting.set(resource, again);
    };
    void this.#answer(resource.address, timing.timeoutMs).then(answered);
  }

  async #answer(uri: string, timeoutMs: number): Promise<SipResponse | undefined> {
    try {
      return await this.#ask(uri, timeoutMs);
    } catch {
      return undefined;
    }
  }
}
