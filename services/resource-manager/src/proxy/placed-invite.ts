import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import { afterSilence } from "@sidetone/foundation";
import type {
  ClientTransaction,
  Destination,
  RequestHandlers,
  ServerTransaction,
  SipRequest,
  SipResponse,
} from "@sidetone/sip";
import type { Pool } from "../groups/pool.ts";
import type { Resource } from "../groups/resource.ts";
import { makeToken } from "../groups/token.ts";
import {
  firstAnswerMs,
  knownAnswerMs,
  maxAttempts,
  maxBackOffMs,
  retryAfterBusyS,
  retryAfterDownS,
} from "../limits.ts";
import { retryAfterSeconds, returned } from "./forwarding.ts";
import { newPlacement, type Placement, type PlacementInput, type PlacementOutput, stepPlacement } from "./placement.ts";

/** Sends a request onwards, with a Via of our own. */
export type SendRequest = (request: SipRequest, to: Destination, handlers: RequestHandlers) => ClientTransaction;

/** Where an INVITE may be sent. */
export interface Candidate {
  /** SIP URI to send to. */
  readonly address: string;
  /** Absent for a destination that the client named itself. */
  readonly resource: Resource | undefined;
  /** The INVITE as this candidate gets it. */
  readonly request: SipRequest;
}

/** What a placed INVITE works with. */
export interface PlacementContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pool: Pool;
  readonly send: SendRequest;
  /** Ends the dialog of a 2xx that nobody wants; gives what repeats the ACK. */
  readonly dismiss: (invite: SipRequest, response: SipResponse) => () => void;
  /** Something is wrong with a resource: it should be asked whether it lives. */
  readonly suspect: (resource: Resource) => void;
  /** Name to bind to the resource that accepts; absent where nothing is bound. */
  readonly name: string | undefined;
  /** How it ended, once; and how many resources it was offered to. */
  readonly onOutcome: (outcome: "accepted" | "refused" | "cancelled", status: number, attempts: number) => void;
}

/** A resource that stayed silent is not the first choice for this long; ms. */
const silenceBackOffMs = 1000;

/** Carries out what the placement of one INVITE decides. Lives as long as its transactions. */
export class PlacedInvite {
  readonly #tx: ServerTransaction;
  readonly #candidates: readonly Candidate[];
  readonly #context: PlacementContext;
  #placement: Placement;
  readonly #clients: (ClientTransaction | undefined)[] = [];
  /** Attempt and To tag of late 2xx → what repeats the ACK. */
  readonly #dismissed = new Map<string, () => void>();
  readonly #refusals = new Map<number, SipResponse>();
  #stopTimer: Cancel | undefined;
  #reported = false;

  constructor(tx: ServerTransaction, candidates: readonly Candidate[], context: PlacementContext) {
    this.#tx = tx;
    this.#candidates = candidates.slice(0, maxAttempts);
    this.#context = context;
    const addresses = this.#candidates.map((c) => c.address);
    const known = context.name === undefined ? undefined : context.pool.affinity.get(context.name, context.clock.now());
    const isThere = known?.confirmed === true && known.address === addresses[0];
    this.#placement = newPlacement(addresses, isThere ? knownAnswerMs : firstAnswerMs);
    tx.onCancel = () => this.#input({ kind: "cancel" }, undefined);
    tx.onTerminated = () => this.#setTimer(undefined);
  }

  start(): void {
    this.#input({ kind: "start" }, undefined);
  }

  #input(input: PlacementInput, response: SipResponse | undefined): void {
    const [placement, outputs] = stepPlacement(this.#placement, input);
    this.#placement = placement;
    for (const output of outputs) this.#carryOut(output, input, response);
  }

  #carryOut(output: PlacementOutput, input: PlacementInput, response: SipResponse | undefined): void {
    switch (output.kind) {
      case "send":
        return this.#send(output.attempt);
      case "cancel":
        this.#clients[output.attempt]?.cancel();
        return;
      case "timer":
        return this.#setTimer(output.ms);
      case "forward":
        if (response !== undefined && "attempt" in input) this.#forward(response, input.attempt);
        return;
      case "forward-kept": {
        const kept = this.#refusals.get(output.attempt);
        if (kept !== undefined) this.#forward(kept, output.attempt);
        return;
      }
      case "respond":
        return this.#respond(output.status);
      case "dismiss":
        if (response !== undefined) this.#dismiss(output.attempt, response);
        return;
      case "accepted":
        return this.#accepted(output.attempt);
      case "let-go":
        return this.#letGo(output.attempt, output.why, response);
    }
  }

  #send(attempt: number): void {
    const candidate = this.#candidates[attempt];
    if (candidate === undefined) return;
    const { pool, clock, name, log } = this.#context;
    const { resource } = candidate;
    if (resource !== undefined) {
      resource.began(this.#callId, clock.now());
      if (name !== undefined && pool.affinity.get(name, clock.now())?.confirmed !== true) {
        pool.affinity.bind(name, { group: resource.group, address: resource.address, confirmed: false }, clock.now());
      }
    }
    log.debug({ callId: this.#callId, resource: candidate.address, attempt }, "INVITE is offered");
    this.#clients[attempt] = this.#context.send(
      candidate.request,
      { uri: candidate.address },
      {
        onProvisional: (r) => this.#input({ kind: "provisional", attempt, status: r.status }, r),
        onFinal: (r) => {
          if (r.status >= 300) this.#refusals.set(attempt, r);
          this.#input({ kind: "final", attempt, status: r.status }, r);
        },
        onFailure: (why) => this.#input({ kind: "failed", attempt, why }, undefined),
      },
    );
  }

  #accepted(attempt: number): void {
    const resource = this.#candidates[attempt]?.resource;
    const { pool, clock, name } = this.#context;
    if (resource === undefined || name === undefined) return;
    pool.affinity.bind(name, { group: resource.group, address: resource.address, confirmed: true }, clock.now());
  }

  #letGo(
    attempt: number,
    why: "refused" | "silence" | "timeout" | "transport",
    response: SipResponse | undefined,
  ): void {
    const candidate = this.#candidates[attempt];
    const resource = candidate?.resource;
    const { pool, clock, name, log } = this.#context;
    log.info(
      { callId: this.#callId, resource: candidate?.address, why, status: response?.status },
      "INVITE came to nothing at this resource",
    );
    if (resource === undefined) return;
    resource.ended(this.#callId);
    if (name !== undefined) pool.affinity.release(name, resource.address);
    const now = clock.now();
    if (why !== "refused") {
      // One INVITE that came to nothing is no death: OPTIONS decides that.
      resource.backOff(now + silenceBackOffMs);
      if (why !== "silence") this.#context.suspect(resource);
    } else if (response?.status === 503) {
      const seconds = retryAfterSeconds(response);
      if (seconds !== undefined) resource.backOff(now + Math.min(maxBackOffMs, seconds * 1000));
    }
  }

  #forward(response: SipResponse, attempt: number): void {
    const resource = this.#candidates[attempt]?.resource;
    const success = response.status >= 200 && response.status < 300;
    const token =
      success && resource !== undefined ? makeToken({ group: resource.group, address: resource.address }) : undefined;
    const back = returned(response, token);
    if (response.status === 503 && !back.headers.has("retry-after")) {
      back.headers.set("Retry-After", String(retryAfterDownS));
    }
    this.#tx.forward(back);
    if (response.status < 200) return;
    this.#report(success ? "accepted" : this.#placement.cancelled ? "cancelled" : "refused", response.status);
  }

  #dismiss(attempt: number, response: SipResponse): void {
    const key = `${attempt} ${response.toTag ?? ""}`;
    const again = this.#dismissed.get(key);
    if (again !== undefined) return again();
    const invite = this.#clients[attempt]?.request;
    if (invite === undefined) return;
    this.#context.log.info(
      { callId: this.#callId, resource: this.#candidates[attempt]?.address },
      "a late 2xx is ended",
    );
    this.#dismissed.set(key, this.#context.dismiss(invite, response));
  }

  #respond(status: 408 | 487 | 503): void {
    const headers: [string, string][] = status === 503 ? [["Retry-After", String(retryAfterDownS)]] : [];
    if (status === 503) this.#tx.respond(503, { reason: "No Resource in Service", headers });
    else this.#tx.respond(status);
    this.#report(status === 487 ? "cancelled" : "refused", status);
  }

  #report(outcome: "accepted" | "refused" | "cancelled", status: number): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#context.onOutcome(outcome, status, this.#placement.attempts.length);
  }

  #setTimer(ms: number | undefined): void {
    this.#stopTimer?.();
    this.#stopTimer = ms === undefined ? undefined : afterSilence(this.#context.clock, ms, () => this.#silence());
  }

  #silence(): void {
    this.#stopTimer = undefined;
    this.#input({ kind: "silence" }, undefined);
  }

  get #callId(): string {
    return this.#tx.request.callId ?? "";
  }
}

/** Headers of a refusal of our own. */
export function retryHeaders(status: number, seconds: number | undefined): [string, string][] {
  const fallback = status === 480 ? retryAfterBusyS : status === 503 ? retryAfterDownS : undefined;
  const value = seconds ?? fallback;
  return value === undefined ? [] : [["Retry-After", String(value)]];
}
