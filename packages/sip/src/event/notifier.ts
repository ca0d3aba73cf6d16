import type { Cancel } from "@sidetone/foundation";
import { dialogKey, dialogOfRequest, nextHop, received, requestInside, retargeted } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { Destination, ServerTransaction } from "../endpoint/types.ts";
import { deltaSeconds } from "../message/index.ts";
import type { DialogUser } from "../session/host.ts";
import type { Flow } from "../transport/types.ts";
import {
  GOODBYE_MS,
  MAX_SUBSCRIPTION_S,
  MAX_SUBSCRIPTIONS,
  MAX_WAITING_NOTIFICATIONS,
  MIN_SUBSCRIPTION_S,
  SUBSCRIPTION_EXPIRES_S,
} from "./limits.ts";
import { formatSubscriptionState, parseEvent } from "./subscription-state.ts";
import type { EventHost, NotifierOptions, SubscriberInfo } from "./types.ts";

/**
 * RFC 6665 4.2: serves one event package. Each SUBSCRIBE is followed by a NOTIFY with the full state, each change by one
 * of its own; in one subscription they go out one after the other.
 */
export class Notifier {
  readonly #host: EventHost;
  readonly #o: NotifierOptions;
  readonly #subscriptions = new Set<IncomingSubscription>();
  #closed = false;

  constructor(host: EventHost, o: NotifierOptions) {
    this.#host = host;
    this.#o = o;
  }

  get event(): string {
    return this.#o.event;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Who is told at the moment. */
  get subscribers(): SubscriberInfo[] {
    return Array.from(this.#subscriptions, (s) => s.info);
  }

  /** A SUBSCRIBE outside a dialog. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    const refusal = this.#refusal(tx);
    if (refusal !== undefined) return tx.respond(refusal.status, { headers: refusal.headers });
    const localTag = this.#host.newTag();
    const dialog = dialogOfRequest(request, localTag);
    if (dialog === undefined) return tx.respond(400, { reason: "Missing or Malformed Contact" });
    const subscription = new IncomingSubscription(this.#host, this.#o, dialog, tx.flow, () =>
      this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.add(subscription);
    subscription.subscribed(tx, localTag);
  }

  /** Tells everybody. @param key a later notification with the same key replaces one that still waits. */
  notify(key: string, body: string): void {
    for (const subscription of this.#subscriptions) subscription.notify(key, body);
  }

  /**
   * Ends every subscription with `deactivated`: the subscribers ask again, perhaps another notifier. Resolves when they have
   * answered, or after a second.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const leaving = Array.from(this.#subscriptions);
    for (const subscription of leaving) subscription.end("deactivated");
    const late = Promise.withResolvers<void>();
    const giveUp = this.#host.clock.after(GOODBYE_MS, late.resolve);
    await Promise.race([Promise.all(leaving.map(({ told }) => told.promise)), late.promise]);
    giveUp();
  }

  #refusal(tx: ServerTransaction): { status: number; headers: [string, string][] } | undefined {
    const { headers } = tx.request;
    if (this.#closed || this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      return { status: 503, headers: [["Retry-After", "1"]] };
    }
    const event = parseEvent(headers.get("Event") ?? "");
    if (event?.name !== this.#o.event) return { status: 489, headers: [["Allow-Events", this.#o.event]] };
    const types = headers.list("Accept").map((value) => value.split(";", 1)[0]?.trim().toLowerCase());
    const accepted = types.length === 0 || types.some((t) => t === this.#o.contentType || t === "*/*");
    return accepted ? undefined : { status: 406, headers: [["Accept", this.#o.contentType]] };
  }
}

/** One subscription to us, from SUBSCRIBE to its last NOTIFY. */
class IncomingSubscription implements DialogUser {
  /** Resolved when the last NOTIFY is answered, or will never be sent. */
  readonly told = Promise.withResolvers<void>();
  readonly #host: EventHost;
  readonly #o: NotifierOptions;
  readonly #onEnd: () => void;
  readonly #since: number;
  readonly #key: string;
  readonly #waiting = new Map<string, string>();
  #dialog: Dialog;
  #flow: Flow;
  #expiresAt = 0;
  #expiry: Cancel | undefined;
  #busy = false;
  #full = false;
  #ended: string | undefined;
  #over = false;

  constructor(host: EventHost, o: NotifierOptions, dialog: Dialog, flow: Flow, onEnd: () => void) {
    this.#host = host;
    this.#o = o;
    this.#dialog = dialog;
    this.#flow = flow;
    this.#onEnd = onEnd;
    this.#since = host.clock.now();
    this.#key = dialogKey(dialog.callId, dialog.localTag, dialog.remoteTag);
    host.bind(this.#key, this);
  }

  get info(): SubscriberInfo {
    const { host, port } = this.#flow.remote;
    return { uri: this.#dialog.remoteTarget, from: `${host}:${port}`, since: this.#since };
  }

  receiveAck(): void {
    // Nothing of a subscription is acknowledged.
  }

  abandon(): void {
    this.#finish();
  }

  /** A request in the dialog: a refresh, or the end. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.method !== "SUBSCRIBE") return tx.respond(405, { headers: [["Allow", "SUBSCRIBE"]] });
    if (this.#ended !== undefined) return tx.respond(481);
    const next = received(this.#dialog, request);
    if (next === undefined) return tx.respond(500, { reason: "CSeq Out Of Order" });
    const event = parseEvent(request.headers.get("Event") ?? "");
    if (event?.name !== this.#o.event) return tx.respond(489, { headers: [["Allow-Events", this.#o.event]] });
    this.#dialog = retargeted(next, request.contact);
    this.#flow = tx.flow;
    this.subscribed(tx, this.#dialog.localTag);
  }

  /** 4.2.1: a SUBSCRIBE that is right, the first one or a refresh, is answered and followed by the full state. */
  subscribed(tx: ServerTransaction, toTag: string): void {
    const {
      default: usual,
      min,
      max,
    } = this.#o.expires ?? {
      default: SUBSCRIPTION_EXPIRES_S,
      min: MIN_SUBSCRIPTION_S,
      max: MAX_SUBSCRIPTION_S,
    };
    const asked = deltaSeconds(tx.request.headers.get("Expires") ?? "") ?? usual;
    if (asked > 0 && asked < min) {
      if (this.#expiresAt === 0) this.#finish();
      return tx.respond(423, { headers: [["Min-Expires", String(min)]], toTag });
    }
    const granted = Math.min(asked, max);
    tx.respond(200, {
      toTag,
      headers: [
        ["Expires", String(granted)],
        ["Contact", `<${this.#host.contact(undefined, { flow: tx.flow })}>`],
      ],
    });
    this.#expiry?.();
    this.#expiresAt = this.#host.clock.now() + granted * 1000;
    this.#expiry = this.#host.clock.after(granted * 1000, () => this.end("timeout"));
    this.#full = true;
    if (granted === 0) this.end("timeout");
    else this.#next();
  }

  notify(key: string, body: string): void {
    if (this.#ended !== undefined || this.#full) return;
    this.#waiting.delete(key);
    this.#waiting.set(key, body);
    if (this.#waiting.size > MAX_WAITING_NOTIFICATIONS) this.#full = true;
    this.#next();
  }

  /** Ends it with a last NOTIFY. @param reason RFC 6665 4.1.3 */
  end(reason: string): void {
    this.#ended ??= reason;
    this.#expiry?.();
    this.#next();
  }

  /** Sends what is next, where nothing is on its way. */
  #next(): void {
    if (this.#busy || this.#over) return;
    if (this.#ended !== undefined) {
      const reason = this.#ended;
      return this.#send(
        formatSubscriptionState({ state: "terminated", reason }),
        this.#full ? this.#o.fullState() : "",
      );
    }
    const left = Math.max(0, Math.ceil((this.#expiresAt - this.#host.clock.now()) / 1000));
    const state = formatSubscriptionState({ state: "active", expires: left });
    if (this.#full) {
      this.#full = false;
      this.#waiting.clear();
      return this.#send(state, this.#o.fullState());
    }
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first[0]);
    this.#send(state, first[1]);
  }

  #send(state: string, body: string): void {
    const last = this.#ended !== undefined;
    this.#busy = true;
    const made = requestInside(this.#dialog, "NOTIFY");
    this.#dialog = made.dialog;
    const { request } = made;
    const to = this.#destination();
    request.headers.append("Event", this.#o.event);
    request.headers.append("Subscription-State", state);
    request.headers.append("Contact", `<${this.#host.contact(undefined, to)}>`);
    request.headers.append("User-Agent", this.#host.userAgent);
    if (body !== "") {
      request.headers.append("Content-Type", this.#o.contentType);
      request.body = Buffer.from(body, "utf8");
    }
    const done = (alive: boolean): void => {
      this.#busy = false;
      if (last) this.told.resolve();
      if (last || !alive) this.#finish();
      else this.#next();
    };
    this.#host.request(request, to, {
      // 4.2.2: any other refusal than a request for credentials ends the subscription; so does silence.
      onFinal: (response) => done(response.status < 300),
      onFailure: () => done(false),
    });
    if (last) this.#finish();
  }

  #destination(): Destination {
    const uri = nextHop(this.#dialog);
    const direct = this.#dialog.routeSet.length === 0 && this.#host.isOpen(this.#flow);
    return direct ? { flow: this.#flow, fallback: uri } : { uri };
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended ??= "timeout";
    if (!this.#busy) this.told.resolve();
    this.#expiry?.();
    this.#waiting.clear();
    this.#host.unbind(this.#key);
    this.#onEnd();
  }
}
