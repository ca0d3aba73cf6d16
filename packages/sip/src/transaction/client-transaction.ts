import type { Cancel, Clock } from "@sidetone/foundation";
import { serialize } from "../message/index.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/index.ts";
import type { Flow } from "../transport/types.ts";
import { clientInvite, clientInviteStart } from "./client-invite.ts";
import type { ClientInviteInput, ClientInviteState } from "./client-invite.ts";
import { clientNonInvite, clientNonInviteStart } from "./client-non-invite.ts";
import type { ClientNonInviteInput, ClientNonInviteState } from "./client-non-invite.ts";
import { ackOfFailure } from "./derived-requests.ts";
import type { FsmSettings, Output, TimerName } from "./fsm.ts";
import { TransactionTimers } from "./timers.ts";

/** Who a transaction belongs to: sends for it, and forgets it. */
export interface TransactionOwner {
  readonly clock: Clock;
  /** False: the flow is gone. */
  send(bytes: Buffer, message: SipMessage, flow: Flow, failed: () => void): boolean;
  ended(key: string): void;
}

/** What a client transaction tells its user. */
export interface ClientUser {
  onResponse(response: SipResponse): void;
  onFailure(why: "timeout" | "transport"): void;
}

type Machine =
  | { readonly invite: true; state: ClientInviteState }
  | { readonly invite: false; state: ClientNonInviteState };

/** One request over one flow, driven by the machine of RFC 3261 17.1. */
export class ClientTx {
  readonly key: string;
  readonly flow: Flow;
  #request: SipRequest | undefined;
  #bytes: Buffer | undefined;
  readonly #owner: TransactionOwner;
  #user: ClientUser | undefined;
  readonly #settings: FsmSettings;
  readonly #timers: TransactionTimers;
  readonly #machine: Machine;
  #sendCancel: ((headers: readonly (readonly [string, string])[]) => void) | undefined;
  #ack: { bytes: Buffer; message: SipRequest } | undefined;
  #cancelWish: readonly (readonly [string, string])[] | undefined;
  #cancelGuard: Cancel | undefined;

  constructor(
    key: string,
    request: SipRequest,
    flow: Flow,
    settings: FsmSettings,
    owner: TransactionOwner,
    user: ClientUser,
    sendCancel?: (headers: readonly (readonly [string, string])[]) => void,
  ) {
    this.key = key;
    this.#request = request;
    this.flow = flow;
    this.#bytes = serialize(request);
    this.#settings = settings;
    this.#owner = owner;
    this.#user = user;
    this.#sendCancel = sendCancel;
    this.#timers = new TransactionTimers(owner.clock);
    this.#machine =
      request.method === "INVITE"
        ? { invite: true, state: clientInviteStart }
        : { invite: false, state: clientNonInviteStart };
  }

  get state(): ClientInviteState["name"] | ClientNonInviteState["name"] {
    return this.#machine.state.name;
  }

  start(): void {
    this.#input({ kind: "start" });
  }

  receive(response: SipResponse): void {
    if (response.status >= 200) this.#endCancel();
    this.#input({ kind: "response", status: response.status }, response);
    if (response.status < 200 && this.#cancelWish !== undefined && this.state === "proceeding") this.#cancelNow();
  }

  transportError(): void {
    this.#input({ kind: "transport-error" });
  }

  /** RFC 3261 9.1: CANCEL only after a provisional response; kept until there is one. */
  cancel(headers: readonly (readonly [string, string])[]): void {
    if (this.#cancelWish !== undefined || this.#sendCancel === undefined) return;
    this.#cancelWish = headers;
    if (this.state === "proceeding") this.#cancelNow();
  }

  /** Ends it without a word to its user. */
  close(): void {
    this.#timers.clearAll();
    this.#endCancel();
    this.#owner.ended(this.key);
  }

  #cancelNow(): void {
    if (this.#cancelGuard !== undefined || this.#cancelWish === undefined) return;
    // 9.1: "If there is no final response for the original request in 64*T1 seconds ... the client SHOULD then consider the original transaction cancelled".
    this.#cancelGuard = this.#owner.clock.after(64 * this.#settings.t1, () => {
      const user = this.#user;
      this.close();
      user?.onFailure("timeout");
    });
    this.#sendCancel?.(this.#cancelWish);
  }

  #endCancel(): void {
    this.#cancelGuard?.();
    this.#cancelGuard = undefined;
    this.#cancelWish = undefined;
  }

  #input(input: ClientInviteInput | ClientNonInviteInput, response?: SipResponse): void {
    const machine = this.#machine;
    let outputs: readonly Output[];
    if (machine.invite) {
      const step = clientInvite(machine.state, input as ClientInviteInput, this.#settings);
      machine.state = step.state;
      outputs = step.outputs;
    } else {
      const step = clientNonInvite(machine.state, input as ClientNonInviteInput, this.#settings);
      machine.state = step.state;
      outputs = step.outputs;
    }
    for (const output of outputs) this.#carryOut(output, response);
    if (this.state === "completed") this.#lighten();
  }

  /** Completed only absorbs repetitions: what it would keep alive for 5 to 32 s is let go. */
  #lighten(): void {
    this.#request = undefined;
    this.#bytes = undefined;
    this.#user = undefined;
    this.#sendCancel = undefined;
  }

  #carryOut(output: Output, response: SipResponse | undefined): void {
    switch (output.kind) {
      case "send":
        this.#send();
        return;
      case "send-ack":
        if (response !== undefined) this.#sendAck(response);
        return;
      case "deliver":
        if (response !== undefined) this.#user?.onResponse(response);
        return;
      case "failed":
        this.#endCancel();
        this.#user?.onFailure(output.why);
        return;
      case "set":
        if (this.state !== "terminated") this.#timers.set(output.timer, output.ms, (timer) => this.#fired(timer));
        return;
      case "clear":
        this.#timers.clear(output.timer);
        return;
      case "terminated":
        this.close();
        return;
      case "send-trying":
        return;
    }
  }

  #send(): void {
    if (this.#bytes === undefined || this.#request === undefined) return;
    if (!this.#owner.send(this.#bytes, this.#request, this.flow, () => this.transportError())) this.transportError();
  }

  #fired(timer: TimerName): void {
    this.#input({ kind: "timer", timer } as ClientInviteInput | ClientNonInviteInput);
  }

  #sendAck(response: SipResponse): void {
    if (this.#ack === undefined && this.#request !== undefined) {
      const message = ackOfFailure(this.#request, response);
      this.#ack = { message, bytes: serialize(message) };
    }
    if (this.#ack !== undefined) this.#owner.send(this.#ack.bytes, this.#ack.message, this.flow, () => undefined);
  }
}
