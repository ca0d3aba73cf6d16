import type { ResourceConfig } from "@sidetone/config";
import { assumedSessionMs, maxCountedSessions } from "../limits.ts";
import { type Health, type HealthInput, type HealthOutput, initialHealth, stepHealth } from "./health.ts";
import type { LoadReport } from "./load-report.ts";

/** One resource of a group: its health, its load. Reads no clock: times are passed in, in ms. */
export class Resource {
  readonly group: string;
  /** SIP URI as configured: its name. */
  readonly address: string;
  readonly #configuredCapacity: number | undefined;
  #health: Health = initialHealth;
  #changedAt: number;
  #report: LoadReport | undefined;
  #drainedByHand = false;
  #backOffUntil = 0;
  /** Times at which sessions began that no report covers yet, oldest first, with the id they can be ended by. */
  readonly #counted = new Map<string, number>();

  constructor(group: string, config: ResourceConfig, now: number) {
    this.group = group;
    this.address = config.address;
    this.#configuredCapacity = config.portCapacity;
    this.#changedAt = now;
  }

  get health(): Health {
    return this.#health;
  }

  /** Since when the health is what it is. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** True while it takes no new conf-ids; what is bound to it still goes there. */
  get draining(): boolean {
    return this.#drainedByHand || this.#report?.draining === true;
  }

  /** The smaller one of what is configured and what it reports; undefined = no limit known. */
  get capacity(): number | undefined {
    const reported = this.#report?.capacity;
    if (this.#configuredCapacity === undefined) return reported;
    return reported === undefined ? this.#configuredCapacity : Math.min(reported, this.#configuredCapacity);
  }

  get reportsLoad(): boolean {
    return this.#report !== undefined;
  }

  /** Sessions that it carries, as far as is known. */
  used(now: number): number {
    if (this.#report === undefined) this.#forgetOld(now);
    return (this.#report?.sessions ?? 0) + this.#counted.size;
  }

  /** A resource that answered with Retry-After is left alone until then. */
  backsOff(now: number): boolean {
    return now < this.#backOffUntil;
  }

  observe(input: HealthInput, now: number): HealthOutput | undefined {
    const [health, output] = stepHealth(this.#health, input);
    this.#health = health;
    if (output !== undefined) this.#changedAt = now;
    if (output?.kind === "went-down") {
      this.#report = undefined;
      this.#counted.clear();
    }
    if (output?.kind === "came-up") this.#backOffUntil = 0;
    return output;
  }

  /** A report covers everything that was counted before it was asked for. */
  reported(report: LoadReport | undefined, askedAt: number): void {
    if (report === undefined) return;
    this.#report = report;
    for (const [id, since] of Array.from(this.#counted)) if (since < askedAt) this.#counted.delete(id);
  }

  /** Counts a session that was sent here. @param id its Call-ID. */
  began(id: string, now: number): void {
    this.#counted.delete(id);
    if (this.#counted.size < maxCountedSessions) this.#counted.set(id, now);
  }

  /** A session ended, or never came about. */
  ended(id: string): void {
    this.#counted.delete(id);
  }

  drain(draining: boolean): void {
    this.#drainedByHand = draining;
  }

  backOff(until: number): void {
    this.#backOffUntil = until;
  }

  #forgetOld(now: number): void {
    for (const [id, since] of this.#counted) {
      if (now - since < assumedSessionMs) break;
      this.#counted.delete(id);
    }
  }
}
