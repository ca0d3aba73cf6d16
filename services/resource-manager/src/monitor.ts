import { sipUriPlace } from "@sidetone/config";
import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import type { HostPort, SipResponse } from "@sidetone/sip";
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
  readonly #waiting = new Map<Resource, { readonly cancel: Cancel; readonly now: () => void }>();
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
    for (const probe of this.#waiting.values()) probe.cancel();
    this.#waiting.clear();
  }

  /** A connection to or from this place is gone: what lives there is asked at once, not only when its interval is over. */
  connectionClosed(remote: HostPort): void {
    if (this.#closed) return;
    for (const [resource, probe] of Array.from(this.#waiting)) {
      // What is down already is asked in its time: each refused connection is a closed one too.
      if (resource.health.phase !== "up") continue;
      const place = sipUriPlace(resource.address);
      if (place?.host !== remote.host || place.port !== remote.port) continue;
      probe.cancel();
      probe.now();
    }
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
      const now = (): void => {
        this.#waiting.delete(resource);
        this.#probe(resource, timing);
      };
      this.#waiting.set(resource, { now, cancel: this.#clock.after(timing.intervalMs, now) });
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
