import type { ServerTransaction } from "@sidetone/sip";

/** Methods that SIP Server serves outside or inside a dialog. */
export const allowedMethods: readonly string[] = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "REGISTER",
  "INFO",
  "UPDATE",
  "PRACK",
  "MESSAGE",
  "REFER",
  "NOTIFY",
];

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
          ["Allow", allowedMethods.join(", ")],
          ["Accept", "application/sdp"],
          ["Supported", supportedExtensions.join(", ")],
        ],
      });
      return;
    default:
      tx.respond(knownMethods.has(request.method) ? 405 : 501, { headers: [["Allow", allowedMethods.join(", ")]] });
  }
}
