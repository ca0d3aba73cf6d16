import { errorText, fail, ok, SidetoneError } from "@sidetone/foundation";
import type { IncomingRequest, InviteSession, ServerTransaction } from "@sidetone/sip";
import { type Call, presentParties } from "../call-model/call.ts";
import type { AuthResult } from "../registrar/authenticator.ts";
import type { Outcome } from "../t-library/switch.ts";
import { CallController, type CallSurroundings } from "./call-controller.ts";
import type { InCall } from "./consultation.ts";
import { tellOfAttempt } from "./failed-attempt.ts";
import { EndedDialogs } from "./ended-dialogs.ts";
import { admitInvite, admitReplacement } from "./incoming-invite.ts";
import { dialForCaller, type MakeCallWish } from "./make-call.ts";
import { trunkCredentials } from "./reachable.ts";
import { referCall } from "./phone-transfer.ts";
import { replacePhone } from "./replaced-phone.ts";
import type { DialogName } from "./replaces.ts";
import type { ServerContext } from "./server-context.ts";
import { Transfers } from "./transfers.ts";

/** Above it new calls get 503 with Retry-After. */
export const MAX_CALLS = 20_000;

/** The calls of this SIP Server that are up. */
export class Calls implements CallSurroundings {
  readonly context: ServerContext;
  readonly #transfers = new Transfers(this);
  readonly #authenticate: (tx: ServerTransaction) => AuthResult;
  readonly #calls = new Map<string, CallController>();
  readonly #byConnId = new Map<string, CallController>();
  readonly #ended = new EndedDialogs();
  #draining = false;

  constructor(context: ServerContext, authenticate: (tx: ServerTransaction) => AuthResult) {
    this.context = context;
    this.#authenticate = authenticate;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Calls now, as the API shows them. */
  list(): readonly Call[] {
    return Array.from(this.#calls.values(), (controller) => controller.call);
  }

  /** Calls that are up, and those that are just ending. */
  controllers(): readonly CallController[] {
    return Array.from(this.#calls.values());
  }

  /** The party that has a dialog with us, and its call. */
  byDialog(name: DialogName): InCall | undefined {
    for (const controller of this.#calls.values()) {
      const id = controller.over ? undefined : controller.phones.partyOf(name);
      const party = id === undefined ? undefined : presentParties(controller.call).find((one) => one.id === id);
      if (party !== undefined) return { controller, party };
    }
    return undefined;
  }

  /** A phone had this dialog with us not long ago. */
  hasEnded(name: DialogName): boolean {
    return this.#ended.has(name);
  }

  /** The call of a ConnID. */
  find(connId: string): CallController | undefined {
    return this.#byConnId.get(connId);
  }

  /** An INVITE outside a dialog: a call, or the refusal it is owed. */
  offer(tx: ServerTransaction): void {
    if (this.#draining || this.#calls.size >= MAX_CALLS) {
      tx.respond(503, { headers: [["Retry-After", "5"]] });
      return;
    }
    if (tx.request.headers.has("Replaces")) return this.#replace(tx);
    const admission = admitInvite(this.context, tx, this.#authenticate);
    if (admission.kind === "refused") {
      tx.respond(admission.status, admission.options);
      if (admission.attempt !== undefined) tellOfAttempt(this.context, admission.attempt, tx.request.callId);
      return;
    }
    const { facts } = admission;
    const credentials = trunkCredentials(facts.caller);
    const session = this.context.endpoint.accept(tx, {
      contactUser: facts.calledNumber,
      ...(credentials === undefined ? {} : { credentials }),
    });
    const release = this.context.trunks.acquire(facts.caller.dn);
    if (release !== undefined) session.on("ended", release);
    let controller: CallController;
    try {
      controller = new CallController(this.context, { ...facts, session, localAddress: tx.flow.local.host }, this);
    } catch (error) {
      this.context.log.error({ callId: session.callId, error: errorText(error) }, "a call could not be set up");
      session.reject(error instanceof SidetoneError ? (error.sip ?? 500) : 500);
      return;
    }
    this.begin(controller);
  }

  /** RequestMakeCall: rings the caller's phone, then the called party. `onCall` runs before the call's first effect. */
  make(wish: MakeCallWish): Outcome<string> {
    if (this.#draining || this.#calls.size >= MAX_CALLS) {
      return fail({ error: "NoSwitchConnection", message: "SIP Server takes no more calls now" });
    }
    const facts = dialForCaller(this.context, wish);
    if (!facts.ok) return facts;
    const controller = new CallController(this.context, facts.value, this);
    wish.onCall(controller.call.connId);
    this.begin(controller);
    return ok(controller.call.connId);
  }

  /** Ends every call: BYE to every phone, recordings stopped. */
  async close(): Promise<void> {
    this.#draining = true;
    await Promise.all(Array.from(this.#calls.values(), (controller) => controller.shutdown()));
  }

  /** A call is on its way. */
  begin(controller: CallController): void {
    const { callUuid } = controller.call;
    this.#add(controller);
    controller.start().catch((error: unknown) => {
      this.context.log.error({ callUuid, error: errorText(error) }, "a call could not be set up");
      controller.caller.session.terminate();
    });
  }

  /** R33: a call of before the restart. */
  adopt(controller: CallController): void {
    this.#add(controller);
  }

  /** A phone transfers its call. */
  onRefer(controller: CallController, party: string, incoming: IncomingRequest): void {
    referCall(this, this.#transfers, controller, party, incoming);
  }

  onDialogEnd(session: InviteSession): void {
    this.#ended.add(session);
  }

  #replace(tx: ServerTransaction): void {
    const admission = admitReplacement(this.context, tx, this.#authenticate);
    if (admission.kind === "refused") return tx.respond(admission.status, admission.options);
    replacePhone(this, tx, admission).catch((error: unknown) =>
      this.context.log.error({ callId: tx.request.callId, error: errorText(error) }, "a phone could not be replaced"),
    );
  }

  #add(controller: CallController): void {
    const { callUuid, connId } = controller.call;
    this.#calls.set(callUuid, controller);
    this.#byConnId.set(connId, controller);
    void controller.finished.then(() => {
      this.context.keeper?.ended(controller);
      this.#calls.delete(callUuid);
      this.#byConnId.delete(connId);
    });
  }
}
