import type { Open } from "../schema/enumerations.ts";
import type { ErrorName } from "../schema/errors.ts";
import type { TlibEvent } from "../schema/messages.ts";

/**
 * What the library itself says. OutcomeUnknown: the session was lost after the request was sent, it may have run.
 * NotSent: it was lost before. The others are about the session.
 */
export type LibraryErrorName =
  | "OutcomeUnknown"
  | "NotSent"
  | "Closed"
  | "ConnectionFailed"
  | "AuthenticationFailed"
  | "Replaced";

/** A request was refused, or the session failed. `name` is the stable key, `message` is for people. */
export class TlibError extends Error {
  override readonly name: Open<ErrorName | LibraryErrorName>;
  /** ErrorCode of the contract, for logs; 0: the library's own. */
  readonly code: number;
  /** The EventError, where there was one. */
  readonly event: TlibEvent<"EventError"> | undefined;

  constructor(name: Open<ErrorName | LibraryErrorName>, message: string, event?: TlibEvent<"EventError">) {
    super(message);
    this.name = name;
    this.code = event?.attributes.ErrorCode ?? 0;
    this.event = event;
  }
}

/** The error that an EventError stands for. */
export function refusal(event: TlibEvent<"EventError">): TlibError {
  return new TlibError(event.attributes.ErrorName, event.attributes.ErrorMessage, event);
}
