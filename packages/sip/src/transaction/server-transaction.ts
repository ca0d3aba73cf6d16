import { createResponse, serialize } from "../message/index.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { RespondOptions, ServerTransaction } from "../endpoint/types.ts";
import type { Flow } from "../transport/types.ts";
import type { TransactionOwner } from "./client-transaction.ts";
import type { FsmSettings, Output, TimerName } from "./fsm.ts";
import { serverInvite, serverInviteStart } from "./server-invite.ts";
import type { ServerInviteInput, ServerInviteState } from "./server-invite.ts";
import { serverNonInvite, serverNonInviteStart } from "./server-non-invite.ts";
import type { ServerNonInviteInput, ServerNonInviteState } from "./server-non-invite.ts";
import { TransactionTimers } from "./timers.ts";

/** What server transactions need besides: where responses go, and what they say of us. */
export interface ServerOwner extends TransactionOwner {
  /** RFC 3261 18.2.2: the flow of a response, where it is not the request's own. */
  responseFlow(request: SipRequest, flow: Flow): Flow | undefined;
  readonly serverName: string;
  newTag(): string;
  forgetMerged(tx: ServerTx): void;
}

type Machine =
  | { readonly invite: true; state: ServerInviteState }
  | { readonly invite: false; state: ServerNonInviteState };

/** One request from outside, driven by the machine of RFC 3261 17.2. */
export class ServerTx implements ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  onCancel: ((cancel: SipRequest) => void) | undefined;
  onFailure?: (why: "timeout" | "transport") => void;
  onTerminated?: () => void;
  /** Set by the layer: the transaction is new. */
  onStart: ((tx: ServerTx) => void) | undefined;
  readonly #owner: ServerOwner;
  readonly #settings: FsmSettings;
  readonly #timers: TransactionTimers;
  readonly #machine: Machine;
  #tag: string | undefined;
  #last: { bytes: Buffer; response: SipResponse } | undefined;
  #closed = false;

  constructor(id: string, request: SipRequest, flow: Flow, settings: FsmSettings, owner: ServerOwner) {
    this.id = id;
    this.request = request;
    this.flow = flow;
    this.#owner = owner;
    this.#settings = settings;
    this.#timers = new TransactionTimers(owner.clock);
    this.#machine =
      request.method === "INVITE"
        ? { invite: true, state: serverInviteStart }
        : { invite: false, state: serverNonInviteStart };
  }

  get state(): ServerInviteState["name"] | ServerNonInviteState["name"] {
    return this.#machine.state.name;
  }

  /** To tag of the last response; undefined before there was one with a tag. */
  get responseTag(): string | undefined {
    return this.#last?.response.toTag;
  }

  start(): void {
    this.#input({ kind: "start" });
  }

  retransmission(): void {
    this.#input({ kind: "retransmission" });
  }

  /** True where the ACK was for a 2xx, and so concerns the transaction's user. */
  ack(): boolean {
    if (!this.#machine.invite) return false;
    const concerns = this.#machine.state.name === "accepted";
    this.#input({ kind: "ack" });
    return concerns;
  }

  respond(status: number, o: RespondOptions = {}): void {
    if (this.#closed) return;
    const toTag = status === 100 ? undefined : (o.toTag ?? this.#ownTag());
    const response = createResponse(this.request, status, o.reason, {
      toTag,
      headers: o.headers ?? [],
      ...(o.body === undefined ? {} : { body: o.body, contentType: o.contentType ?? "application/sdp" }),
    });
    if (!response.headers.has("Server")) response.headers.append("Server", this.#owner.serverName);
    this.forward(response);
  }

  forward(response: SipResponse): void {
    if (this.#closed) return;
    const name = this.state;
    const repeat = name === "accepted" && response.status >= 200 && response.status < 300;
    if (name !== "proceeding" && name !== "trying" && !repeat) return;
    this.#last = { response, bytes: serialize(response) };
    // Nothing can be cancelled any more: what would answer is let go.
    if (response.status >= 200) this.onCancel = undefined;
    this.#input({ kind: "respond", status: response.status });
  }

  /** The connection of this transaction was lost. Responses look for another way; nothing ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.clearAll();
    this.#owner.ended(this.id);
    this.#owner.forgetMerged(this);
    this.onTerminated?.();
  }

  #ownTag(): string {
    this.#tag ??= this.#owner.newTag();
    return this.#tag;
  }

  #input(input: ServerInviteInput | ServerNonInviteInput): void {
    const machine = this.#machine;
    let outputs: readonly Output[];
    if (machine.invite) {
      const step = serverInvite(machine.state, input as ServerInviteInput, this.#settings);
      machine.state = step.state;
      outputs = step.outputs;
    } else {
      const step = serverNonInvite(machine.state, input as ServerNonInviteInput, this.#settings);
      machine.state = step.state;
      outputs = step.outputs;
    }
    for (const output of outputs) this.#carryOut(output);
  }

  #carryOut(output: Output): void {
    switch (output.kind) {
      case "send":
        if (this.#last !== undefined) this.#send(this.#last.bytes, this.#last.response);
        return;
      case "send-trying": {
        const trying = createResponse(this.request, 100);
        this.#last = { response: trying, bytes: serialize(trying) };
        this.#send(this.#last.bytes, trying);
        return;
      }
      case "deliver":
        this.onStart?.(this);
        this.onStart = undefined;
        return;
      case "failed":
        this.onFailure?.(output.why);
        return;
      case "set":
        if (!this.#closed) this.#timers.set(output.timer, output.ms, (timer) => this.#fired(timer));
        return;
      case "clear":
        this.#timers.clear(output.timer);
        return;
      case "terminated":
        this.close();
        return;
      case "send-ack":
        return;
    }
  }

  #send(bytes: Buffer, response: SipResponse): void {
    const flow = this.#owner.responseFlow(this.request, this.flow);
    const sent =
      flow !== undefined && this.#owner.send(bytes, response, flow, () => this.#input({ kind: "transport-error" }));
    if (!sent) this.#input({ kind: "transport-error" });
  }

  #fired(timer: TimerName): void {
    this.#input({ kind: "timer", timer } as ServerInviteInput | ServerNonInviteInput);
  }
}
