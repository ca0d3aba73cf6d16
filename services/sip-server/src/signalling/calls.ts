import { errorText, fail, ok, SidetoneError } from "@sidetone/foundation";
import type { InviteSession, ServerTransaction } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { AuthResult } from "../registrar/authenticator.ts";
import type { Outcome } from "../t-library/switch.ts";
import { CallController } from "./call-controller.ts";
import { tellOfAttempt } from "./failed-attempt.ts";
import { admitInvite } from "./incoming-invite.ts";
import { dialForCaller, type MakeCallWish } from "./make-call.ts";
import type { ServerContext } from "./server-context.ts";

/** Above it new calls get 503 with Retry-After. */
export const MAX_CALLS = 20_000;

/** The calls of this SIP Server that are up. */
export class Calls {
  readonly #context: ServerContext;
  readonly #authenticate: (tx: ServerTransaction) => AuthResult;
  readonly #calls = new Map<string, CallController>();
  readonly #byConnId = new Map<string, CallController>();
  #draining = false;

  constructor(context: ServerContext, authenticate: (tx: ServerTransaction) => AuthResult) {
    this.#context = context;
    this.#authenticate = authenticate;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Calls now, as the API shows them. */
  list(): readonly Call[] {
    return Array.from(this.#calls.values(), (controller) => controller.call);
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
    const admission = admitInvite(this.#context, tx, this.#authenticate);
    if (admission.kind === "refused") {
      tx.respond(admission.status, admission.options);
      if (admission.attempt !== undefined) tellOfAttempt(this.#context, admission.attempt);
      return;
    }
    const { facts } = admission;
    const session = this.#context.endpoint.accept(tx, { contactUser: facts.calledNumber });
    let controller: CallController;
    try {
      controller = new CallController(this.#context, { ...facts, session, localAddress: tx.flow.local.host });
    } catch (error) {
      this.#context.log.error({ callId: session.callId, error: errorText(error) }, "a call could not be set up");
      session.reject(error instanceof SidetoneError ? (error.sip ?? 500) : 500);
      return;
    }
    this.#begin(controller, session);
  }

  /** RequestMakeCall: rings the caller's phone, then the called party. `onCall` runs before the call's first effect. */
  make(wish: MakeCallWish): Outcome<string> {
    if (this.#draining || this.#calls.size >= MAX_CALLS) {
      return fail({ error: "NoSwitchConnection", message: "SIP Server takes no more calls now" });
    }
    const facts = dialForCaller(this.#context, wish);
    if (!facts.ok) return facts;
    const controller = new CallController(this.#context, facts.value);
    wish.onCall(controller.call.connId);
    this.#begin(controller, facts.value.session);
    return ok(controller.call.connId);
  }

  /** Ends every call: BYE to every phone, recordings stopped. */
  async close(): Promise<void> {
    this.#draining = true;
    await Promise.all(Array.from(this.#calls.values(), (controller) => controller.shutdown()));
  }

  #begin(controller: CallController, session: InviteSession): void {
    const { callUuid } = controller.call;
    this.#add(controller);
    controller.start().catch((error: unknown) => {
      this.#context.log.error({ callUuid, error: errorText(error) }, "a call could not be set up");
      session.terminate();
    });
  }

  #add(controller: CallController): void {
    const { callUuid, connId } = controller.call;
    this.#calls.set(callUuid, controller);
    this.#byConnId.set(connId, controller);
    void controller.finished.then(() => {
      this.#calls.delete(callUuid);
      this.#byConnId.delete(connId);
    });
  }
}
