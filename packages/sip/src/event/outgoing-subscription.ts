import { Events } from "@sidetone/foundation";
import type { Cancel } from "@sidetone/foundation";
import { dialogKey, dialogOfRequest, dialogOfResponse, nextHop, received, requestInside } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { Destination, ServerTransaction } from "../endpoint/types.ts";
import { deltaSeconds } from "../message/index.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { DialogUser } from "../session/host.ts";
import { SUBSCRIPTION_EXPIRES_S } from "./limits.ts";
import { newSubscriber, stepSubscriber } from "./subscriber-machine.ts";
import type { Subscriber, SubscriberInput, SubscriberOutput } from "./subscriber-machine.ts";
import { parseEvent, parseSubscriptionState } from "./subscription-state.ts";
import type { EventHost, SubscribeOptions, Subscription, SubscriptionEvents } from "./types.ts";

/** RFC 6665 4.1: carries out what `subscriber-machine.ts` decides. */
export class OutgoingSubscription implements Subscription, DialogUser {
  readonly id: string;
  readonly #host: EventHost;
  readonly #o: SubscribeOptions;
  readonly #events: Events<SubscriptionEvents>;
  readonly #unwatch: () => void;
  #machine: Subscriber;
  #timer: Cancel | undefined;
  /** Call-ID and From tag of the attempt under way; NOTIFYs are found by them. */
  #callId = "";
  #tag = "";
  /** Made by the first NOTIFY or 2xx, whichever comes first (4.1.2.4). */
  #dialog: Dialog | undefined;
  /** The last SUBSCRIBE: answers to an older one say nothing. */
  #sent: SipRequest | undefined;
  /** The connection of the last NOTIFY. */
  #flowId: string | undefined;
  readonly #over = Promise.withResolvers<void>();

  constructor(host: EventHost, id: string, o: SubscribeOptions) {
    this.#host = host;
    this.id = id;
    this.#o = o;
    this.#machine = newSubscriber(o.expires ?? SUBSCRIPTION_EXPIRES_S);
    this.#events = new Events((error, event) =>
      host.log.error({ subscription: o.uri, event, error: String(error) }, "a subscription listener threw"),
    );
    this.#unwatch = host.onFlowGone((flow) => {
      if (flow.id === this.#flowId) this.#input({ kind: "flow-closed" });
    });
  }

  get uri(): string {
    return this.#o.uri;
  }

  get event(): string {
    return this.#o.event;
  }

  get state(): Subscription["state"] {
    const { phase } = this.#machine;
    if (phase === "idle") return "subscribing";
    if (phase === "closing") return "ended";
    return phase === "refreshing" ? "active" : phase;
  }

  get closed(): boolean {
    return this.state === "ended";
  }

  on<K extends keyof SubscriptionEvents & string>(
    event: K,
    listener: (...args: SubscriptionEvents[K]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  start(): void {
    this.#input({ kind: "start" });
  }

  close(): Promise<void> {
    if (!this.closed) this.#input({ kind: "close" });
    return this.#over.promise;
  }

  /** The endpoint closes. */
  abandon(): void {
    this.#machine = { ...this.#machine, phase: "ended" };
    this.#timer?.();
    this.#timer = undefined;
    this.#unwatch();
    this.#over.resolve();
  }

  receiveAck(): void {
    // Nothing of a subscription is acknowledged.
  }

  /** A request of the notifier in our dialog. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method !== "NOTIFY") return tx.respond(405, { headers: [["Allow", "NOTIFY"]] });
    const event = parseEvent(request.headers.get("Event") ?? "");
    if (event?.name !== this.#o.event.toLowerCase())
      return tx.respond(489, { headers: [["Allow-Events", this.#o.event]] });
    const state = parseSubscriptionState(request.headers.get("Subscription-State") ?? "");
    if (state === undefined) return tx.respond(400, { reason: "Missing or Malformed Subscription-State" });
    const dialog = this.#dialog ?? dialogOfRequest(request, this.#tag);
    // One subscription of ours has one notifier: what a fork makes besides is refused (4.1.2.4).
    if (dialog === undefined || dialog.remoteTag !== request.fromTag) return tx.respond(481);
    const next = received(dialog, request);
    if (next === undefined) return tx.respond(500, { reason: "CSeq Out Of Order" });
    if (request.body.length > 0 && !this.#o.accept.includes(request.contentType ?? "")) {
      return tx.respond(415, { headers: [["Accept", this.#o.accept.join(", ")]] });
    }
    // Made by a NOTIFY, the dialog does not know how far our own numbers are.
    const sequence = Math.max(next.localSequence, this.#sent?.cseq?.sequence ?? 0);
    this.#dialog = { ...next, localSequence: sequence };
    this.#flowId = tx.flow.id;
    tx.respond(200);
    this.#input({ kind: "notified", state });
    if (this.closed || (state.state === "terminated" && request.body.length === 0)) return;
    this.#events.emit("notify", { body: request.body, contentType: request.contentType, request });
  }

  #input(input: SubscriberInput): void {
    const [next, outputs] = stepSubscriber(this.#machine, input);
    this.#machine = next;
    for (const output of outputs) this.#carryOut(output);
  }

  #carryOut(output: SubscriberOutput): void {
    switch (output.kind) {
      case "subscribe":
        return output.fresh ? this.#sendFresh(output.expires) : this.#sendInside(output.expires);
      case "timer":
        this.#timer?.();
        this.#timer =
          output.ms === undefined ? undefined : this.#host.clock.after(output.ms, () => this.#input({ kind: "timer" }));
        return;
      case "forget":
        this.#forget();
        if (this.#machine.phase !== "ended") return;
        this.#unwatch();
        this.#over.resolve();
        return;
      case "active":
        this.#events.emit("active", { expires: output.expires });
        return;
      case "terminated":
        this.#events.emit("terminated", { reason: output.reason, retryMs: output.retryMs });
        return;
    }
  }

  #forget(): void {
    this.#host.unbind(dialogKey(this.#callId, this.#tag, ""));
    this.#dialog = undefined;
    this.#flowId = undefined;
    this.#sent = undefined;
  }

  #sendFresh(expires: number): void {
    const to = this.#o.to ?? { uri: this.#o.uri };
    this.#forget();
    this.#callId = this.#host.newCallId();
    this.#tag = this.#host.newTag();
    const from = this.#o.from ?? `<${this.#host.contact(this.#o.contactUser, to)}>`;
    const tagged =
      typeof from === "string"
        ? `${from};tag=${this.#tag}`
        : { ...from, params: from.params.clone().set("tag", this.#tag) };
    const request = this.#host.newRequest("SUBSCRIBE", {
      uri: this.#o.uri,
      to: this.#o.uri,
      from: tagged,
      callId: this.#callId,
    });
    this.#host.bind(dialogKey(this.#callId, this.#tag, ""), this);
    this.#send(request, to, expires);
  }

  #sendInside(expires: number): void {
    const dialog = this.#dialog;
    // Unsubscribing before anything has come back: there is no dialog to do it in. What comes yet gets 481.
    if (dialog === undefined) return this.#input({ kind: "failed", why: "transport" });
    const made = requestInside(dialog, "SUBSCRIBE");
    this.#dialog = made.dialog;
    made.request.headers.append("User-Agent", this.#host.userAgent);
    this.#send(made.request, { uri: nextHop(dialog) }, expires);
  }

  #send(request: SipRequest, to: Destination, expires: number): void {
    const { headers } = request;
    headers.append("Contact", `<${this.#host.contact(this.#o.contactUser, to)}>`);
    headers.append("Event", this.#o.event);
    headers.append("Expires", String(expires));
    headers.append("Accept", this.#o.accept.join(", "));
    for (const [name, value] of this.#o.headers ?? []) headers.append(name, value);
    this.#sent = request;
    const tx = this.#host.request(request, to, {
      onFinal: (response) => {
        if (this.#sent === request) this.#answered(tx.request, response);
      },
      onFailure: (why) => {
        if (this.#sent === request) this.#input({ kind: "failed", why });
      },
      ...(this.#o.credentials === undefined ? {} : { credentials: this.#o.credentials }),
    });
  }

  #answered(request: SipRequest, response: SipResponse): void {
    if (response.status < 300) {
      const dialog = this.#dialog ?? dialogOfResponse(request, response);
      // A retry with credentials took a number of its own.
      const localSequence = Math.max(dialog?.localSequence ?? 0, request.cseq?.sequence ?? 0);
      if (dialog !== undefined) this.#dialog = { ...dialog, localSequence };
    }
    const seconds = (name: string): number | undefined => deltaSeconds(response.headers.get(name) ?? "");
    const retry = response.headers.get("Retry-After")?.split(/[ ;(]/, 1)[0];
    this.#input({
      kind: "answered",
      status: response.status,
      expires: seconds("Expires"),
      minExpires: seconds("Min-Expires"),
      retryAfter: deltaSeconds(retry ?? ""),
    });
  }
}
