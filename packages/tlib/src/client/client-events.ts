import type { EventName } from "../schema/events.ts";
import type { EventAttributes, TlibEvent, UnknownEvent } from "../schema/messages.ts";
import type { TlibError } from "./tlib-error.ts";

/**
 * The session could not go on: what was known about calls is void. The DNs are registered again; here is their state,
 * and every event that follows applies to it.
 */
export interface Reset {
  readonly message: "Reset";
  /** UnknownSession, WindowExceeded, ServerRestarted, NotOwner; "" where the server gives none. */
  readonly reason: string;
  /** The snapshot of each DN, with all its Calls. */
  readonly registrations: ReadonlyMap<string, EventAttributes["EventRegistered"]>;
  /** DNs that could not be registered again. */
  readonly failed: ReadonlyMap<string, TlibError>;
}

/** What the iterator gives, in the order of the session: `message` tells them apart. */
export type ClientEvent = TlibEvent | UnknownEvent | Reset;

/** Listeners and their arguments. */
export type ClientListeners = { [N in EventName]: [event: TlibEvent<N>] } & {
  /** Every event, those of unknown name included. */
  event: [event: TlibEvent | UnknownEvent];
  reset: [reset: Reset];
  /** A connection is open; `resumed`: no event was lost. */
  connected: [o: { readonly resumed: boolean }];
  /** The connection is gone, the next is being made. */
  disconnected: [o: { readonly reason: string }];
  /** The client is done; `error`: not by `close()`. */
  closed: [o: { readonly error: TlibError | undefined }];
};
