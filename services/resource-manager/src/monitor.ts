import { sipUriPlace } from "@sidetone/config";
import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import type { HostPort, SipResponse } from "@sidetone/sip";
import type { HealthInput } from "./groups/health.ts";
import { loadHeader, parseLoadReport } from "./groups/load-report.ts";
import type { Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";
import { returnProbeMs } from "./limits.ts";

/** Asks one SIP URI by OPTIONS: the answer, `timeout` where none came in time, `transport` where there is no connection. */
export type AskOptions = (uri: string, timeoutMs: number) => Promise<SipResponse | "timeout" | "transport">;

/** Watches every resource by OPTIONS: the next one goes out an interval after the last one was answered or given up. */
export class HealthMonitor {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ask: AskOptions;
  readonly #onChange: (resource: Resource) => void;
  readonly #waiting = new Map<Resource, { readonly cancel: Cancel; readonly now: () => void }>();
  #closed = false;

  constructor(o: { pool: Pool; clock: Clock; log: Logger; ask: AskOptions; onChange?: (resource: Resource) => void }) {
    this.#pool = o.pool;
    this.#clock = o.clock;
    this.#log = o.log;
    this.#ask = o.ask;
    this.#onChange = o.onChange ?? (() => undefined);
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
    for (const resource of Array.from(this.#waiting.keys())) {
      const place = sipUriPlace(resource.address);
      if (place?.host === remote.host && place.port === remote.port) this.suspect(resource);
    }
  }

  /** Something is wrong there: it is asked at once. */
  suspect(resource: Resource): void {
    const probe = this.#waiting.get(resource);
    // What is down already is asked in its time: each refused connection is a closed one too.
    if (this.#closed || probe === undefined || resource.health.phase === "down") return;
    probe.cancel();
    probe.now();
  }

  /** What a probe saw. */
  #observe(resource: Resource, input: HealthInput): void {
    const output = resource.observe(input, this.#clock.now());
    const fields = { group: resource.group, resource: resource.address };
    if (output?.kind === "came-up") this.#log.info(fields, "resource is up");
    if (output?.kind === "went-down") this.#log.warn({ ...fields, reason: output.reason }, "resource is down");
  }

  #probe(resource: Resource, timing: { intervalMs: number; timeoutMs: number }): void {
    const askedAt = this.#clock.now();
    const answered = (response: SipResponse | "timeout" | "transport"): void => {
      if (this.#closed) return;
      this.#observe(resource, seen(response));
      const report = typeof response === "string" ? undefined : response.headers.get(loadHeader);
      resource.reported(parseLoadReport(report), askedAt);
      this.#onChange(resource);
      const now = (): void => {
        this.#waiting.delete(resource);
        this.#probe(resource, timing);
      };
      const soon = resource.returnsSoon(this.#clock.now()) ? returnProbeMs : timing.intervalMs;
      const ms = Math.min(timing.intervalMs, soon);
      this.#waiting.set(resource, { now, cancel: this.#clock.after(ms, now) });
    };
    void this.#answer(resource.address, timing.timeoutMs).then(answered);
  }

  /** A connection that broke while it was asked proves nothing: there is a second try, over a new one. */
  async #answer(uri: string, timeoutMs: number): Promise<SipResponse | "timeout" | "transport"> {
    const first = await this.#try(uri, timeoutMs);
    return first === "transport" && !this.#closed ? await this.#try(uri, timeoutMs) : first;
  }

  async #try(uri: string, timeoutMs: number): Promise<SipResponse | "timeout" | "transport"> {
    try {
      return await this.#ask(uri, timeoutMs);
    } catch {
      return "transport";
    }
  }
}

function seen(response: SipResponse | "timeout" | "transport"): HealthInput {
  if (response === "timeout") return { kind: "unanswered" };
  return response === "transport" ? { kind: "connection-lost" } : { kind: "answered", status: response.status };
}
