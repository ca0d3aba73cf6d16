import { dialogOfResponse, nextHop, requestInside } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { SipEndpoint } from "../endpoint/endpoint.ts";
import { createResponse } from "../message/index.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import { ackOfFailure, cancelOf } from "../transaction/derived-requests.ts";
import type { TransactionLayer } from "../transaction/transaction-layer.ts";
import type { TransportLayer } from "../transport/transport-layer.ts";
import { inviteOfPending } from "./pending-invite.ts";
import type { PendingInvite } from "./pending-invite.ts";

/** An INVITE that was cancelled, and the dialogs that answered it all the same. */
interface Lost {
  readonly invite: SipRequest;
  readonly peer: PendingInvite["peer"];
  readonly hungUp: Set<string>;
}

/**
 * INVITEs of an element that has died and was restarted, whose transactions are gone: they are cancelled (RFC 3261 9.1),
 * their late responses acknowledged, and a 2xx is followed by BYE (13.2.2.4, 15).
 */
export class LostInvites {
  readonly #endpoint: Pick<SipEndpoint, "clock" | "timers" | "userAgent" | "request" | "sendAck" | "sendStateless">;
  readonly #transactions: TransactionLayer;
  readonly #transport: TransportLayer;
  /** Call-ID and From tag → what was cancelled, for 64*T1. */
  readonly #cancelled = new Map<string, Lost>();

  constructor(endpoint: SipEndpoint, transactions: TransactionLayer, transport: TransportLayer) {
    this.#endpoint = endpoint;
    this.#transactions = transactions;
    this.#transport = transport;
  }

  giveUp(pending: PendingInvite, status: number): void {
    const invite = inviteOfPending(pending);
    if (invite === undefined) return;
    if (pending.role === "uas") return this.#refuse(invite, pending, status);
    const { clock, timers } = this.#endpoint;
    const key = keyOf(invite);
    this.#cancelled.set(key, { invite, peer: pending.peer, hungUp: new Set() });
    clock.after(64 * timers.t1, () => this.#cancelled.delete(key));
    const flow = this.#transport.flowTo(pending.peer);
    if (flow === undefined) return;
    const nothing = { onResponse: () => undefined, onFailure: () => undefined };
    this.#transactions.startClient(cancelOf(invite), flow, nothing);
  }

  /** A response without a transaction. True where it answers an INVITE that was given up. */
  response(response: SipResponse): boolean {
    if (response.cseq?.method !== "INVITE" || this.#cancelled.size === 0) return false;
    const lost = this.#cancelled.get(keyOf(response));
    if (lost === undefined) return false;
    if (response.status >= 300) this.#endpoint.sendStateless(ackOfFailure(lost.invite, response), lost.peer);
    else if (response.status >= 200) this.#hangUp(lost, response);
    return true;
  }

  #refuse(invite: SipRequest, { tag, peer }: PendingInvite, status: number): void {
    const response = createResponse(invite, status, undefined, { toTag: tag });
    // RFC 3261 18.2.2: a connection that is gone is replaced by one to the port of the Via.
    const port = peer.transport === "tcp" ? (invite.topVia?.port ?? 5060) : peer.port;
    this.#endpoint.sendStateless(response, { ...peer, port });
  }

  #hangUp({ invite, hungUp }: Lost, response: SipResponse): void {
    const dialog = dialogOfResponse(invite, response);
    if (dialog === undefined) return;
    const to = { uri: nextHop(dialog) };
    this.#endpoint.sendAck(requestInside(dialog, "ACK", invite.cseq?.sequence ?? 1).request, to);
    if (hungUp.has(dialog.remoteTag)) return;
    hungUp.add(dialog.remoteTag);
    this.#bye(dialog, to);
  }

  #bye(dialog: Dialog, to: { readonly uri: string }): void {
    const { request } = requestInside(dialog, "BYE");
    request.headers.append("User-Agent", this.#endpoint.userAgent);
    this.#endpoint.request(request, to, { onFinal: () => undefined });
  }
}

function keyOf({ callId, fromTag }: Pick<SipRequest, "callId" | "fromTag">): string {
  return `${callId ?? ""}|${fromTag ?? ""}`;
}
