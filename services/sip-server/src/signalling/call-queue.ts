import type { DnConfig } from "@sidetone/config";
import { type Cancel, fail, ok } from "@sidetone/foundation";
import type { KVList } from "@sidetone/tlib";
import type { PromptFacts } from "../recording/documents.ts";
import type { CallSnapshot } from "../restore/call-snapshot.ts";
import type { Outcome } from "../t-library/switch.ts";
import { inCallAlready } from "./arrival.ts";
import type { CallController, Target } from "./call-controller.ts";
import type { MediaAnchor } from "./media-anchor.ts";
import { reachable } from "./reachable.ts";
import { causeOfFailure } from "./release-causes.ts";
import { playPrompt } from "./prompt.ts";

/** A place to route to, and what is wanted of the party there. */
export interface Route extends Target {
  /** Before the model hears of the target; `party` is its id. Gives what the strategy is told besides. */
  readonly onReached?: (party: string) => KVList | undefined;
}

/**
 * A call that waits at a routing point: ringback or a treatment, until a strategy routes it, the time is over and it
 * goes to the default destination, or the caller gives up. The first answer of a strategy wins.
 */
export class CallQueue {
  readonly #controller: CallController;
  readonly #point: DnConfig;
  readonly #party: string;
  #state: "waiting" | "routing" | "routed" | "closed" = "waiting";
  /** A treatment has answered the caller. */
  #treated = false;
  /** The time was over while a route was being tried: if that fails nobody else is waited for. */
  #overdue = false;
  #stopTimer: Cancel = () => undefined;
  #stopPrompt: () => void = () => undefined;
  /** Answers the route that is under way, when the call ends before its target was reached. */
  #giveUp: () => void = () => undefined;

  constructor(controller: CallController, point: DnConfig, party: string) {
    this.#controller = controller;
    this.#point = point;
    this.#party = party;
  }

  /** The call waits here from now on. */
  async start(): Promise<void> {
    const { context, callerSide, log } = this.#controller;
    const { dn, routeTimeoutMs } = this.#point;
    log.info({ dn }, "call queued at a routing point");
    this.#controller.apply({ kind: "party-queued", party: this.#party });
    if (context.strategyAt?.(dn) !== true) {
      callerSide.progress(180);
      return this.#toDefault();
    }
    this.#startTimer(routeTimeoutMs);
    await this.#treat();
  }

  /** R33: where the call waits, answered by a treatment; undefined: it does not, or nobody has answered it. */
  snapshot(): CallSnapshot["queuedAt"] {
    const waits = this.#treated && (this.#state === "waiting" || this.#state === "routing");
    return waits ? { party: this.#party, dn: this.#point.dn } : undefined;
  }

  /** R33: the call waits here since before the restart, and the treatment plays. The strategy has the whole time again. */
  resume(): void {
    const { context, path, caller, log } = this.#controller;
    const { routeTimeoutMs } = this.#point;
    this.#treated = true;
    this.#startTimer(routeTimeoutMs);
    if (path.anchor !== undefined) this.#stopPrompt = playPrompt(path.anchor, caller.party, this.#prompt(), log, true);
    log.info(
      { dn: this.#point.dn, watched: context.strategyAt?.(this.#point.dn) === true },
      "a restored call waits at a routing point",
    );
  }

  #startTimer(ms: number): void {
    this.#stopTimer = this.#controller.context.clock.after(ms, () => {
      this.#overdue = this.#state === "routing";
      void this.#toDefault();
    });
  }

  /** R16: a caller on a recorded trunk is recorded from its answer on, with what it hears. */
  #prompt(): PromptFacts {
    const { treatment, treatmentFile } = this.#point;
    const iterations = treatment === "music" ? -1 : 1;
    return { name: "treatment", file: treatmentFile ?? "music.wav", iterations, capture: true };
  }

  /** Routes the call. InvalidState where another strategy was faster, or it is over. */
  async route(route: Route): Promise<Outcome> {
    if (this.#state !== "waiting") return fail({ error: "InvalidState", message: this.#whyNot() });
    const twice = inCallAlready(this.#controller.call, route);
    if (twice !== undefined) return fail(twice);
    this.#state = "routing";
    const outcome = this.#treated ? await this.#bringIn(route) : await this.#setUp(route);
    if (outcome.ok || this.#isClosed) return outcome;
    this.#state = "waiting";
    if (this.#overdue) {
      this.#overdue = false;
      void this.#toDefault();
    }
    return outcome;
  }

  /** RouteType Reject: the caller is told that nobody takes the call. */
  reject(): Outcome {
    if (this.#state !== "waiting") return fail({ error: "InvalidState", message: this.#whyNot() });
    this.#controller.callerSide.owe(603, { reason: "Declined" });
    this.#leave("rejected");
    return ok(undefined);
  }

  /** RouteType Default. */
  async routeToDefault(): Promise<Outcome> {
    const target = this.#defaultTarget();
    return target.ok ? this.route(target.value) : target;
  }

  /** The caller has gone. */
  close(): void {
    this.#state = "closed";
    this.#stopTimer();
    this.#stopPrompt();
    this.#giveUp();
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #whyNot(): string {
    const { dn } = this.#point;
    switch (this.#state) {
      case "routing":
        return `the call is being routed from ${dn} already`;
      case "waiting":
      case "routed":
        return `the call has been routed from ${dn} already`;
      case "closed":
        return `the call waits at ${dn} no more`;
    }
  }

  #defaultTarget(): Outcome<Target> {
    const { context } = this.#controller;
    const there = reachable(context, this.#point, this.#point.dn);
    if (there.ok) return there;
    const message = `${this.#point.defaultDestination ?? "no default-destination"}: ${there.error}`;
    return fail({ error: "InvalidDestination", message: `routing point ${this.#point.dn}: ${message}` });
  }

  /** Nobody has routed it in time, or nobody is there who could. */
  async #toDefault(): Promise<void> {
    if (this.#state !== "waiting") return;
    const outcome = await this.routeToDefault();
    if (outcome.ok || this.#state !== "waiting") return;
    this.#controller.log.warn({ dn: this.#point.dn, reason: outcome.error.message }, "a queued call has nowhere to go");
    this.#controller.callerSide.owe(480, { reason: "Temporarily Unavailable" });
    this.#leave("no-answer");
  }

  /** The call ends here. */
  #leave(cause: string): void {
    this.close();
    this.#controller.apply({ kind: "party-released", party: this.#party, cause });
  }

  async #treat(): Promise<void> {
    const { callerSide, path, log } = this.#controller;
    const { treatment } = this.#point;
    if (treatment === undefined || treatment === "ringback") return callerSide.progress(180);
    const answered = await this.#controller.answerWaiting();
    const anchor = path.anchor;
    if (this.#isClosed) return;
    if (!answered || anchor === undefined) {
      log.warn(
        { dn: this.#point.dn, reason: path.failure ?? "" },
        "no Media Server for the treatment: the caller hears ringing",
      );
      return callerSide.progress(180);
    }
    this.#treated = true;
    this.#controller.changed();
    this.#play(anchor);
  }

  /** R30: the caller, who waits still, is at another Media Server: its treatment begins again. */
  playAt(anchor: MediaAnchor): void {
    if (this.#treated && (this.#state === "waiting" || this.#state === "routing")) this.#play(anchor);
  }

  #play(anchor: MediaAnchor): void {
    this.#stopPrompt = playPrompt(anchor, this.#controller.caller.party, this.#prompt(), this.#controller.log);
  }

  #bringIn(route: Route): Promise<Outcome> {
    const arrival = { how: "route", party: this.#party } as const;
    return this.#controller
      .bringIn(route, {
        ...arrival,
        onReached: (party) => {
          const extensions = route.onReached?.(party);
          this.#routed();
          return extensions;
        },
      })
      .then((outcome) => (outcome.ok ? ok(undefined) : outcome));
  }

  /** The caller waits still: from here on as if it had called the target. */
  #setUp(route: Route): Promise<Outcome> {
    const id = this.#controller.parties.reserveId(this.#controller.call);
    const plan = this.#controller.parties.planFor(route.called);
    return new Promise((resolve) => {
      this.#giveUp = () => resolve(fail({ error: "InvalidConnID", message: "the caller has gone" }));
      const setup = this.#controller.setUp(route, id, plan, {
        onReached: () => {
          this.#controller.parties.giveBackId(id);
          const target = this.#controller.parties.called(id, route);
          const extensions = route.onReached?.(id);
          this.#controller.apply({ kind: "party-routed", party: this.#party, target, extensions });
          this.#routed();
          resolve(ok(undefined));
        },
        onUnreached: (failure) => {
          this.#controller.parties.giveBackId(id);
          this.#controller.phones.setRinger(id, undefined);
          this.#controller.path.startAgain(id);
          const { dn } = this.#point;
          const { status } = failure;
          this.#controller.log.info({ dn, target: route.calledNumber, status }, "a route led nowhere");
          resolve(
            fail({
              error: "InvalidDestination",
              message: `${route.calledNumber} could not be reached: ${failure.status} ${failure.reason} (${causeOfFailure(failure.status)})`,
            }),
          );
        },
      });
      void setup.start();
    });
  }

  #routed(): void {
    this.#state = "routed";
    this.#stopTimer();
    this.#stopPrompt();
  }
}
