import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import type { ClientTransaction, Destination, RequestHandlers, SessionTimerWish } from "../endpoint/types.ts";
import type { SipRequest } from "../message/index.ts";
import type { ServerTransaction } from "../endpoint/types.ts";
import type { Flow } from "../transport/types.ts";

/** What receives requests inside a dialog. */
export interface DialogUser {
  receive(tx: ServerTransaction): void;
  receiveAck(ack: SipRequest): void;
  /** The endpoint closes: the session ends without a word to the far side. */
  abandon(): void;
}

/** What a session needs of its endpoint. */
export interface SessionHost {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly timers: { readonly t1: number; readonly t2: number };
  readonly supported: readonly string[];
  readonly allow: readonly string[];
  /** Body types for `Accept`. */
  readonly bodyTypes: readonly string[];
  readonly userAgent: string;
  readonly sessionTimer: SessionTimerWish | false;
  request(request: SipRequest, to: Destination, handlers: RequestHandlers): ClientTransaction;
  sendAck(ack: SipRequest, to: Destination): void;
  /** Contact header value without header parameters. */
  contact(user: string | undefined, towards: Destination): string;
  isOpen(flow: Flow): boolean;
  newTag(): string;
  bind(key: string, user: DialogUser): void;
  unbind(key: string): void;
}
