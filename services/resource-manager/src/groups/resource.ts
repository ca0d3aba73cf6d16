import type { ResourceConfig } from "@sidetone/config";
import { assumedSessionMs, maxCountedSessions } from "../limits.ts";
import {
  type Health,
  type HealthInput,
  type HealthOutput,
  type HealthRules,
  initialHealth,
  owedAnswers,
  stepHealth,
} from "./health.ts";
import type { LoadReport } from "./load-report.ts";

/** What the world is told of a resource: `up` also before the first answer, `withdrawn` only while it lives. */
export type Condition = "up" | "lost" | "withdrawn";

/** One resource of a group: its health, its load. Reads no clock: times are passed in, in ms. */
export class Resource {
  readonly group: string;
  /** SIP URI as configured: its name. */
  readonly address: string;
  /** The lower, the earlier it is tried. */
  readonly preference: number;
  /** Where it stands; undefined: anywhere. */
  readonly geoLocation: string | undefined;
  readonly #configuredCapacity: number | undefined;
  readonly #rules: HealthRules;
  #health: Health;
  #changedAt: number;
  #answeredAt: number | undefined;
  #lastAnswer = "";
  #report: LoadReport | undefined;
  #withdrawn = false;
  #backOffUntil = 0;
  /** Times at which sessions began that no report covers yet, oldest first, with the id they can be ended by. */
  readonly #counted = new Map<string, number>();

  constructor(group: string, config: ResourceConfig, rules: HealthRules, now: number) {
    this.group = group;
    this.address = config.address;
    this.preference = config.preference;
    this.geoLocation = config.geoLocation;
    this.#configuredCapacity = config.portCapacity;
    this.#rules = rules;
    this.#health = initialHealth(now);
    this.#changedAt = now;
  }

  get health(): Health {
    return this.#health;
  }

  get condition(): Condition {
    if (this.#health.phase === "down") return "lost";
    return this.withdrawn ? "withdrawn" : "up";
  }

  /** Since when health or condition are what they are. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Its last answer to OPTIONS, when it came and what it was; undefined where none has come. */
  get lastAnswer(): { readonly at: number; readonly text: string } | undefined {
    return this.#answeredAt === undefined ? undefined : { at: this.#answeredAt, text: this.#lastAnswer };
  }

  /** True while it takes nothing new; what is bound to it still goes there. By hand, or because it says so itself. */
  get withdrawn(): boolean {
    return this.#withdrawn || this.#report?.draining === true;
  }

  /** True where it asks that others are taken before it: it works, but not as it should. */
  get reluctant(): boolean {
    return this.#report?.reluctant === true;
  }

  /** True where somebody withdrew it here. */
  get withdrawnByHand(): boolean {
    return this.#withdrawn;
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

  isFull(now: number): boolean {
    return this.capacity !== undefined && this.used(now) >= this.capacity;
  }

  /** A resource that answered with Retry-After is left alone until then. */
  backsOff(now: number): boolean {
    return now < this.#backOffUntil;
  }

  /** It was lost once, lives again and owes a few more answers: worth asking soon. */
  returnsSoon(now: number): boolean {
    const { phase, good } = this.#health;
    return phase === "down" && good > 0 && owedAnswers(this.#health, now, this.#rules) <= this.#rules.returnAnswers;
  }

  observe(input: HealthInput, now: number): HealthOutput | undefined {
    const [health, output] = stepHealth(this.#health, input, now, this.#rules);
    if (health.phase !== this.#health.phase) this.#changedAt = now;
    this.#health = health;
    if (input.kind === "answered") {
      this.#answeredAt = now;
      this.#lastAnswer = String(input.status);
    }
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
    const before = this.condition;
    this.#report = report;
    if (this.condition !== before) this.#changedAt = askedAt;
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

  /** Takes it out of service for what is new, or back in. */
  withdraw(withdrawn: boolean, now: number): void {
    const before = this.condition;
    this.#withdrawn = withdrawn;
    if (this.condition !== before) this.#changedAt = now;
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
