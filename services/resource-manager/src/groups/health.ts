/**
 * The health of one resource, as OPTIONS and forwarded requests show it.
 *
 *   unknown --answered--> up <--answered-- down
 *   unknown, up --unanswered | connection-lost | refused--> down
 */
export type Health = { readonly phase: "unknown" | "up" | "down"; readonly reason: string };

export type HealthInput =
  /** A probe was answered with this status. */
  | { readonly kind: "answered"; readonly status: number }
  /** A probe, or a forwarded request, got no answer in time. */
  | { readonly kind: "unanswered" }
  /** The connection could not be made, or broke. */
  | { readonly kind: "connection-lost" };

/** What the world is told. */
export type HealthOutput = { readonly kind: "came-up" } | { readonly kind: "went-down"; readonly reason: string };

export const initialHealth: Health = { phase: "unknown", reason: "not asked yet" };

/** One step. An answer of the 500s says that the resource cannot serve; any other answer, even 404, shows that it lives. */
export function stepHealth(health: Health, input: HealthInput): [Health, HealthOutput | undefined] {
  switch (input.kind) {
    case "answered":
      if (input.status >= 500 && input.status < 600) return down(health, `answered ${input.status} to OPTIONS`);
      if (input.status === 408) return down(health, "did not answer OPTIONS");
      return [{ phase: "up", reason: "" }, health.phase === "up" ? undefined : { kind: "came-up" }];
    case "unanswered":
      return down(health, "did not answer OPTIONS");
    case "connection-lost":
      return down(health, "the connection failed");
  }
}

function down(health: Health, reason: string): [Health, HealthOutput | undefined] {
  return [{ phase: "down", reason }, health.phase === "down" ? undefined : { kind: "went-down", reason }];
}
