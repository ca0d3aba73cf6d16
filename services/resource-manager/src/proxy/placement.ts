import { finalAnswerMs, firstAnswerMs } from "../limits.ts";

/**
 * One INVITE on its way to a resource: tried on one after the other inside the one transaction towards the client
 * (RFC 3261 16.7, target set processed in sequence).
 *
 *   send → 1xx: wait longer → 2xx: accepted, forwarded
 *                           → 480, 486, 408, 5xx, silence, failed connection: the next resource, else the last answer
 *                           → any other final response: forwarded
 *
 * A 2xx of an attempt that was left is forwarded too: the client ACKs and BYEs the second one (contract: affinity). Where the client
 * was refused or has cancelled, and so takes no 2xx any more, we do that ourselves.
 */
export interface Placement {
  readonly attempts: readonly Attempt[];
  /** Resources not yet tried, best first. */
  readonly waiting: readonly string[];
  readonly outcome: "open" | "accepted" | "refused";
  readonly cancelled: boolean;
  /** Attempt whose refusal is forwarded if nothing better comes. */
  readonly kept: number | undefined;
  /** How long the first one may say nothing at all; ms. */
  readonly patienceMs: number;
}

export interface Attempt {
  readonly address: string;
  readonly state: "calling" | "proceeding" | "left" | "over";
}

export type PlacementInput =
  | { readonly kind: "start" }
  | { readonly kind: "provisional"; readonly attempt: number; readonly status: number }
  | { readonly kind: "final"; readonly attempt: number; readonly status: number }
  | { readonly kind: "failed"; readonly attempt: number; readonly why: "timeout" | "transport" }
  | { readonly kind: "silence" }
  | { readonly kind: "cancel" };

export type PlacementOutput =
  | { readonly kind: "send"; readonly attempt: number; readonly address: string }
  | { readonly kind: "cancel"; readonly attempt: number }
  /** Replaces a running timer; undefined stops it. */
  | { readonly kind: "timer"; readonly ms: number | undefined }
  /** The response that is being handled goes to the client. */
  | { readonly kind: "forward" }
  /** The kept refusal goes to the client. */
  | { readonly kind: "forward-kept"; readonly attempt: number }
  | { readonly kind: "respond"; readonly status: 408 | 487 | 503 }
  /** The 2xx that is being handled is for nobody: ACK and BYE. */
  | { readonly kind: "dismiss"; readonly attempt: number }
  | { readonly kind: "accepted"; readonly attempt: number }
  /** The attempt came to nothing. */
  | {
      readonly kind: "let-go";
      readonly attempt: number;
      readonly why: "refused" | "silence" | "timeout" | "transport";
    };

/**
 * @param resources addresses, best first; at least one
 * @param patienceMs how long the first one may say nothing at all
 */
export function newPlacement(resources: readonly string[], patienceMs = firstAnswerMs): Placement {
  return { attempts: [], waiting: resources, outcome: "open", cancelled: false, kept: undefined, patienceMs };
}

/** True for answers after which another resource may do better. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 480 || status === 486 || (status >= 500 && status < 600);
}

type Step = [Placement, PlacementOutput[]];

export function stepPlacement(p: Placement, input: PlacementInput): Step {
  switch (input.kind) {
    case "start":
      return next(p, []);
    case "provisional":
      return onProvisional(p, input.attempt, input.status);
    case "final":
      return onFinal(p, input.attempt, input.status);
    case "failed":
      return onFailed(p, input.attempt, input.why);
    case "silence":
      return onSilence(p);
    case "cancel":
      return onCancel(p);
  }
}

function next(p: Placement, before: PlacementOutput[]): Step {
  const [address, ...waiting] = p.waiting;
  if (address === undefined || p.cancelled) return giveUp(p, before);
  const attempt = p.attempts.length;
  const attempts: Attempt[] = [...p.attempts, { address, state: "calling" }];
  const ms = attempt === 0 ? p.patienceMs : firstAnswerMs;
  return [
    { ...p, attempts, waiting },
    [...before, { kind: "send", attempt, address }, { kind: "timer", ms: waiting.length > 0 ? ms : undefined }],
  ];
}

/** Nothing is left to try: once nothing is under way either, the client gets the best there is. */
function giveUp(p: Placement, before: PlacementOutput[]): Step {
  if (p.attempts.some((a) => a.state === "calling" || a.state === "proceeding")) return [p, before];
  const done: Placement = { ...p, outcome: "refused" };
  const quiet: PlacementOutput[] = [...before, { kind: "timer", ms: undefined }];
  if (p.cancelled) return [done, [...quiet, { kind: "respond", status: 487 }]];
  if (p.kept !== undefined) return [done, [...quiet, { kind: "forward-kept", attempt: p.kept }]];
  const silent = before.some((o) => o.kind === "let-go" && o.why === "timeout");
  return [done, [...quiet, { kind: "respond", status: silent ? 408 : 503 }]];
}

function onProvisional(p: Placement, attempt: number, status: number): Step {
  const a = p.attempts[attempt];
  if (a === undefined || p.outcome !== "open" || a.state === "left" || a.state === "over") return [p, []];
  const outputs: PlacementOutput[] = [];
  if (a.state === "calling") {
    // Somebody is there: RFC 3261 16.7 wants patience, but not without end while there is another.
    const ms = status > 100 || p.waiting.length === 0 ? undefined : finalAnswerMs;
    outputs.push({ kind: "timer", ms });
  } else if (status > 100) {
    outputs.push({ kind: "timer", ms: undefined });
  }
  if (status > 100) outputs.push({ kind: "forward" });
  return [withState(p, attempt, "proceeding"), outputs];
}

function onFinal(p: Placement, attempt: number, status: number): Step {
  const a = p.attempts[attempt];
  if (a === undefined) return [p, []];
  if (status < 300) return onAccepted(p, attempt);
  if (a.state === "over" || p.outcome !== "open") return [withState(p, attempt, "over"), []];
  const over = withState(p, attempt, "over");
  const letGo: PlacementOutput = { kind: "let-go", attempt, why: "refused" };
  // The answer to our own CANCEL of an attempt that was left says nothing.
  if (a.state === "left") return giveUpIfIdle(over, [letGo]);
  if (!p.cancelled && isRetryable(status)) return next({ ...over, kept: attempt }, [letGo]);
  return [
    { ...over, outcome: "refused" },
    [letGo, { kind: "timer", ms: undefined }, ...cancelOthers(over, attempt), { kind: "forward" }],
  ];
}

function onAccepted(p: Placement, attempt: number): Step {
  const over: Placement = { ...withState(p, attempt, "over"), outcome: "accepted" };
  if (p.outcome === "refused") return [{ ...over, outcome: "refused" }, [{ kind: "dismiss", attempt }]];
  if (p.outcome === "accepted") return [over, [{ kind: "forward" }]];
  return [
    over,
    [{ kind: "timer", ms: undefined }, { kind: "accepted", attempt }, ...cancelOthers(p, attempt), { kind: "forward" }],
  ];
}

function onFailed(p: Placement, attempt: number, why: "timeout" | "transport"): Step {
  const a = p.attempts[attempt];
  if (a === undefined || a.state === "over") return [p, []];
  const over = withState(p, attempt, "over");
  const letGo: PlacementOutput[] = [{ kind: "let-go", attempt, why }];
  if (p.outcome !== "open") return [over, letGo];
  return a.state === "left" ? giveUpIfIdle(over, letGo) : next(over, letGo);
}

/** A left attempt ended while the present one goes on: nothing to do, unless it was the last hope. */
function giveUpIfIdle(p: Placement, before: PlacementOutput[]): Step {
  return p.waiting.length > 0 ? [p, before] : giveUp(p, before);
}

function onSilence(p: Placement): Step {
  const attempt = p.attempts.length - 1;
  const a = p.attempts[attempt];
  if (a === undefined || p.outcome !== "open" || p.cancelled || p.waiting.length === 0) return [p, []];
  if (a.state !== "calling" && a.state !== "proceeding") return [p, []];
  return next(withState(p, attempt, "left"), [
    { kind: "cancel", attempt },
    { kind: "let-go", attempt, why: "silence" },
  ]);
}

function onCancel(p: Placement): Step {
  if (p.outcome !== "open" || p.cancelled) return [p, []];
  const cancelled: Placement = { ...p, cancelled: true, waiting: [] };
  const live = cancelOthers(p, -1);
  if (live.length === 0) return giveUp(cancelled, []);
  return [cancelled, [{ kind: "timer", ms: undefined }, ...live]];
}

function cancelOthers(p: Placement, except: number): PlacementOutput[] {
  const outputs: PlacementOutput[] = [];
  for (const [attempt, a] of p.attempts.entries()) {
    if (attempt === except || (a.state !== "calling" && a.state !== "proceeding")) continue;
    outputs.push({ kind: "cancel", attempt });
  }
  return outputs;
}

function withState(p: Placement, attempt: number, state: Attempt["state"]): Placement {
  return { ...p, attempts: p.attempts.map((a, i) => (i === attempt ? { ...a, state } : a)) };
}
