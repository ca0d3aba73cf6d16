import type { Credentials, Destination, NewRequestOptions } from "../endpoint/types.ts";
import type { NameAddr, SipRequest } from "../message/index.ts";
import type { SessionHost } from "../session/host.ts";
import type { Flow } from "../transport/types.ts";

/** What is subscribed to. */
export interface SubscribeOptions {
  /** Request-URI of SUBSCRIBE, e.g. `sip:127.0.0.1:5070;transport=tcp`. */
  readonly uri: string;
  /** Where it is sent; default: by the Request-URI. */
  readonly to?: Destination;
  /** Default: our own address. */
  readonly from?: NameAddr;
  /** Event package, e.g. `sidetone-resource`. */
  readonly event: string;
  /** Body types for `Accept`; a NOTIFY with another one gets 415. */
  readonly accept: readonly string[];
  /** Asked for, seconds; default 60. Refreshed when three quarters are over. */
  readonly expires?: number;
  readonly contactUser?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly credentials?: Credentials;
}

/** What one NOTIFY says. */
export interface Notification {
  readonly body: Buffer;
  /** `type/subtype` in lower case; undefined where there is no body. */
  readonly contentType: string | undefined;
  readonly request: SipRequest;
}

/** Events of a subscription with the arguments of their listeners. */
export interface SubscriptionEvents extends Record<string, unknown[]> {
  /** A NOTIFY; the first one after `active` tells the whole state, and so does each after a refresh. */
  notify: [Notification];
  /** It came about, or came back. */
  active: [{ readonly expires: number }];
  /** It is lost: closed, refused, unanswered, ended by the notifier. Another try follows in `retryMs`; undefined: none. */
  terminated: [{ readonly reason: string; readonly retryMs: number | undefined }];
}

/** RFC 6665 4.1: a subscription of ours, kept up until `close`. */
export interface Subscription {
  readonly id: string;
  readonly uri: string;
  readonly event: string;
  readonly state: "subscribing" | "active" | "waiting" | "ended";
  readonly closed: boolean;
  on<K extends keyof SubscriptionEvents & string>(
    event: K,
    listener: (...args: SubscriptionEvents[K]) => void,
  ): () => void;
  /** Ends it with `Expires: 0`; resolves when that was answered or given up. */
  close(): Promise<void>;
}

/** What subscribers and notifiers need of their endpoint. */
export interface EventHost extends SessionHost {
  readonly id: string;
  newRequest(method: string, o: NewRequestOptions): SipRequest;
  newCallId(): string;
  /** Calls the listener for each connection that is gone; returns the function that takes it away. */
  onFlowGone(listener: (flow: Flow) => void): () => void;
}

/** What a notifier serves. */
export interface NotifierOptions {
  /** Event package. */
  readonly event: string;
  /** Body type of its notifications. */
  readonly contentType: string;
  /** The whole state, for the NOTIFY that follows each SUBSCRIBE. */
  readonly fullState: () => string;
  /** Default 60, 10, 3,600 s. */
  readonly expires?: { readonly default: number; readonly min: number; readonly max: number };
}

/** One that is told. */
export interface SubscriberInfo {
  /** URI of its Contact. */
  readonly uri: string;
  /** Address that its SUBSCRIBE came from. */
  readonly from: string;
  /** Since when, clock ms. */
  readonly since: number;
}
