import { errorText, type Logger } from "@sidetone/foundation";
import type { TlibRequest } from "@sidetone/tlib";
import type { CallJournalEntry } from "../storage/index.ts";

/** What is known of a request's sender when it is noted down. */
export interface Requester {
  readonly session: string;
  readonly application: string;
}

/**
 * Writes what T-Library clients ask and are told about calls into the call journal, so that a complaint can be traced.
 * Nobody waits for the disk; order is kept. Passwords are left out.
 */
export class Trace {
  readonly #append: (entry: CallJournalEntry) => Promise<void>;
  readonly #callUuidOf: (connId: string) => string | undefined;
  readonly #log: Logger;

  constructor(o: {
    readonly append: (entry: CallJournalEntry) => Promise<void>;
    /** CallUUID of a call that is up. */
    readonly callUuidOf: (connId: string) => string | undefined;
    readonly log: Logger;
  }) {
    this.#append = o.append;
    this.#callUuidOf = o.callUuidOf;
    this.#log = o.log;
  }

  /** A request about a call. */
  request(by: Requester, request: TlibRequest, connId: string): void {
    const { ReferenceID, ...attributes } = request.attributes;
    this.#note(connId, "tlib-request", ReferenceID, { ...by, message: request.message, attributes });
  }

  /** The direct response to a request about a call. */
  response(by: Requester, referenceId: number, message: string, attributes: Readonly<Record<string, unknown>>): void {
    const connId = attributes["ConnID"];
    if (typeof connId !== "string") return;
    // The user data stand with the change itself.
    const { UserData: _, ReferenceID: __, Calls: ___, ...shown } = attributes;
    this.#note(connId, "tlib-response", referenceId, { ...by, message, attributes: shown }, attributes["CallUUID"]);
  }

  /** An event about a call, once for all who were sent it. @param receivers their applications */
  event(
    message: string,
    number: number,
    receivers: readonly string[],
    attributes: Readonly<Record<string, unknown>>,
  ): void {
    const connId = attributes["ConnID"];
    if (typeof connId !== "string") return;
    const { UserData: _, ...shown } = attributes;
    const data = {
      message,
      number,
      receivers: receivers.length,
      to: Array.from(new Set(receivers)),
      attributes: shown,
    };
    this.#note(connId, "tlib-event", undefined, data, attributes["CallUUID"]);
  }

  #note(connId: string, kind: string, reference: number | undefined, data: unknown, known?: unknown): void {
    const callUuid = typeof known === "string" ? known : (this.#callUuidOf(connId) ?? "");
    this.#append({ callUuid, connId, kind, reference, data }).catch((error: unknown) => {
      this.#log.error({ connId, callUuid, error: errorText(error) }, "the call journal cannot be written");
    });
  }
}
