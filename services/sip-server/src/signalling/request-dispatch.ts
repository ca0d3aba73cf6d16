import type { ServerTransaction } from "@sidetone/sip";

/** Methods that SIP Server serves inside a dialog: some itself, MESSAGE and NOTIFY by passing them on to the other phone. `Allow` of its calls. */
export const allowedMethods: readonly string[] = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "INFO",
  "UPDATE",
  "PRACK",
  "MESSAGE",
  "REFER",
  "NOTIFY",
];

/** Methods that it serves outside a dialog (RFC 3261 21.4.6: `Allow` of 405 names those). */
const outsideMethods: readonly string[] = ["INVITE", "ACK", "CANCEL", "OPTIONS", "REGISTER"];

/**
 * What OPTIONS outside a dialog tells: those, and the ones that have a meaning inside a dialog only. REFER, NOTIFY and MESSAGE outside
 * one are refused, so they are not told here.
 */
const toldMethods: readonly string[] = [...outsideMethods, "BYE", "INFO", "UPDATE", "PRACK"];

/** Extensions that may stand in `Require`. */
export const supportedExtensions: readonly string[] = ["100rel", "timer", "replaces"];

/** Methods known to exist, which we do not serve outside a dialog: 405, everything else is 501 (RFC 3261 21.5.2). */
const knownMethods = new Set(["BYE", "INFO", "UPDATE", "PRACK", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER"]);

/** Where requests outside dialogs go. */
export interface RequestHandlers {
  onInvite(tx: ServerTransaction): void;
  onRegister(tx: ServerTransaction): void;
}

/** RFC 3261 8.2.1, 8.2.2.3, 11.2: hands a request outside a dialog to who serves it, or answers why nobody does. */
export function dispatchRequest(tx: ServerTransaction, handlers: RequestHandlers): void {
  const { request } = tx;
  const unsupported = request.headers
    .list("Require")
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => !supportedExtensions.includes(tag));
  if (unsupported.length > 0) {
    tx.respond(420, { headers: [["Unsupported", unsupported.join(", ")]] });
    return;
  }
  switch (request.method) {
    case "INVITE":
      handlers.onInvite(tx);
      return;
    case "REGISTER":
      handlers.onRegister(tx);
      return;
    case "OPTIONS":
      tx.respond(200, {
        headers: [
          ["Allow", toldMethods.join(", ")],
          ["Accept", "application/sdp"],
          ["Supported", supportedExtensions.join(", ")],
        ],
      });
      return;
    default:
      tx.respond(knownMethods.has(request.method) ? 405 : 501, { headers: [["Allow", outsideMethods.join(", ")]] });
  }
}
