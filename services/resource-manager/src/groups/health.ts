import { flapWindowMs, maxReturnAnswers } from "../limits.ts";

/**
 * The health of one resource, as OPTIONS and connections show it.
 *
 *   unknown --answered--> up <--answered, often enough-- down
 *   up --5xx--> failing --answered--> up
 *   unknown, up, failing --unanswered | connection-lost--> down;  failing --5xx for long--> down
 */
export interface Health {
  /** `failing`: it lives, but says that it cannot serve. Nothing new goes there; it is not lost. */
  readonly phase: "unknown" | "up" | "failing" | "down";
  readonly reason: string;
  /** When the phase began, ms. */
  readonly since: number;
  /** Good answers in a row while it is down. */
  readonly good: number;
  /** When it was lost within the last minute, oldest first. */
  readonly losses: readonly number[];
}

export type HealthInput =
  /** A probe was answered with this status. */
  | { readonly kind: "answered"; readonly status: number }
  /** A probe got no answer in time. */
  | { readonly kind: "unanswered" }
  /** The connection could not be made, or broke before the answer. */
  | { readonly kind: "connection-lost" };

/** What the group's configuration says of it. */
export interface HealthRules {
  /** 5xx for this long is a loss; ms. */
  readonly failingMs: number;
  /** Good answers in a row that bring a lost resource back. */
  readonly returnAnswers: number;
}

/** What the world is told. */
export type HealthOutput = { readonly kind: "came-up" } | { readonly kind: "went-down"; readonly reason: string };

type Step = [Health, HealthOutput | undefined];

export function initialHealth(now: number): Health {
  return { phase: "unknown", reason: "not asked yet", since: now, good: 0, losses: [] };
}

/** One step. An answer of the 500s says that the resource cannot serve; any other answer, even 404, shows that it lives. */
export function stepHealth(health: Health, input: HealthInput, now: number, rules: HealthRules): Step {
  switch (input.kind) {
    case "answered":
      if (input.status >= 500 && input.status < 600) return refused(health, input.status, now, rules);
      if (input.status === 408) return down(health, "did not answer OPTIONS", now);
      return good(health, now, rules);
    case "unanswered":
      return down(health, "did not answer OPTIONS", now);
    case "connection-lost":
      return down(health, "the connection failed", now);
  }
}

/**
 * Good answers in a row that a lost resource owes. One that was never up owes one; one that is lost again and again owes
 * more each time, so that calls are not moved to and fro.
 */
export function owedAnswers(health: Health, now: number, rules: HealthRules): number {
  const losses = recent(health, now).length;
  if (losses === 0) return health.losses.length === 0 ? 1 : rules.returnAnswers;
  return Math.max(rules.returnAnswers, Math.min(maxReturnAnswers, rules.returnAnswers * (2 * losses - 1)));
}

function good(health: Health, now: number, rules: HealthRules): Step {
  if (health.phase === "up") return [health, undefined];
  if (health.phase === "failing") return [{ ...health, phase: "up", reason: "", since: now }, undefined];
  const answers = health.good + 1;
  if (health.phase === "down" && answers < owedAnswers(health, now, rules)) {
    return [{ ...health, good: answers }, undefined];
  }
  return [{ ...health, phase: "up", reason: "", since: now, good: 0 }, { kind: "came-up" }];
}

function refused(health: Health, status: number, now: number, rules: HealthRules): Step {
  const reason = `answered ${status} to OPTIONS`;
  if (health.phase === "up") return [{ ...health, phase: "failing", reason, since: now }, undefined];
  if (health.phase === "failing" && now - health.since < rules.failingMs) return [{ ...health, reason }, undefined];
  return down(health, reason, now);
}

function down(health: Health, reason: string, now: number): Step {
  if (health.phase === "down") return [{ ...health, reason, good: 0 }, undefined];
  const wasThere = health.phase !== "unknown";
  const losses = wasThere ? [...recent(health, now), now] : health.losses;
  return [
    { phase: "down", reason, since: now, good: 0, losses },
    { kind: "went-down", reason },
  ];
}

function recent(health: Health, now: number): number[] {
  return health.losses.filter((at) => now - at < flapWindowMs);
}
