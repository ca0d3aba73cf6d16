import { isIP } from "node:net";
import { sipUriPlace } from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import {
  type Destination,
  type Flow,
  formatUri,
  type HostPort,
  Params,
  parseUri,
  RESOURCE_EVENT,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type SipUri,
} from "@sidetone/sip";
import type { Pool } from "../groups/pool.ts";
import type { Resource } from "../groups/resource.ts";
import { avoidHeader, siblingHeader, tokenHeader } from "../groups/token.ts";
import { ClientSessions } from "./client-sessions.ts";
import { forwarded, isSelf, retarget, returned } from "./forwarding.ts";
import { checkGate } from "./gate.ts";
import type { Peers } from "./peers.ts";
import { type Candidate, PlacedInvite, retryHeaders, type SendRequest } from "./placed-invite.ts";
import { readServiceUri, type ServiceWish } from "./service-uri.ts";

/** What the proxy counts. */
export interface ProxyObserver {
  /** One INVITE with a service Request-URI was answered. @param attempts resources that it was offered to */
  outcome(
    service: "msml" | "record",
    outcome: "accepted" | "refused" | "cancelled",
    status: number,
    attempts: number,
  ): void;
}

export interface ProxyOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pool: Pool;
  readonly peers: Peers;
  /** Our addresses as others write them. */
  readonly self: () => readonly HostPort[];
  readonly send: SendRequest;
  /** Sends an ACK of a 2xx on, with a Via of our own. */
  readonly sendAck: (request: SipRequest, to: Destination) => void;
  /** Ends the dialog of a 2xx that nobody wants; gives what repeats the ACK. */
  readonly dismiss: (invite: SipRequest, response: SipResponse) => () => void;
  readonly observer: ProxyObserver;
  readonly suspect: (resource: Resource) => void;
  readonly maxSessionsPerClient: number | undefined;
  /** Takes a SUBSCRIBE to the states of the resources. */
  readonly subscribe: (tx: ServerTransaction) => void;
}

/** Header with the location that a session is wanted at. */
const geoLocationHeader = "X-Genesys-geo-location";

/** What the proxy serves outside a dialog. */
const allow = "INVITE, ACK, CANCEL, OPTIONS, SUBSCRIBE";

const forbidden = Symbol("forbidden");

/** A stateful proxy (RFC 3261 16) in front of media servers and recorders. */
export class ResourceProxy {
  readonly #o: ProxyOptions;
  readonly #sessions: ClientSessions;

  constructor(options: ProxyOptions) {
    this.#o = options;
    this.#sessions = new ClientSessions(options.maxSessionsPerClient);
  }

  /** A request from outside that began a server transaction. */
  onRequest(tx: ServerTransaction): void {
    const { request } = tx;
    const self = this.#o.self();
    const uri = parseUri(request.uri);
    if (request.method === "OPTIONS" && uri.ok && isSelf(uri.value, self) && uri.value.user === undefined) {
      return tx.respond(200, {
        headers: [
          ["Allow", allow],
          ["Allow-Events", RESOURCE_EVENT],
          ["Accept", "application/sdp"],
        ],
      });
    }
    if (this.#refusedAtGate(tx)) return;
    if (request.method === "SUBSCRIBE") return this.#o.subscribe(tx);
    const wish = readServiceUri(request.uri);
    if (wish === undefined) {
      return tx.respond(404, { reason: "No Such Service Here" });
    }
    if (request.method === "OPTIONS") return this.#answerServiceOptions(tx, wish);
    if (request.method !== "INVITE") return tx.respond(405, { headers: [["Allow", allow]] });
    this.#place(tx, wish);
  }

  /** A request inside a dialog: it comes here only where we record-route, or by a client's own choice. True: it is taken. */
  onDialogRequest(tx: ServerTransaction): boolean {
    if (!this.#refusedAtGate(tx)) this.#forwardInDialog(tx);
    return true;
  }

  /** RFC 3261 16.11: an ACK of a 2xx goes on without a transaction. It comes here only where we record-route. */
  onAck(ack: SipRequest, _flow: Flow): void {
    if (checkGate(ack, this.#o.self()) !== undefined) return;
    const next = this.#nextHop(ack);
    if (next !== undefined) this.#o.sendAck(forwarded(ack, this.#o.self()), next);
  }

  #refusedAtGate(tx: ServerTransaction): boolean {
    const refusal = checkGate(tx.request, this.#o.self());
    if (refusal === undefined) return false;
    const reason = refusal.reason === undefined ? {} : { reason: refusal.reason };
    tx.respond(refusal.status, { ...reason, headers: refusal.headers });
    return true;
  }

  #answerServiceOptions(tx: ServerTransaction, wish: ServiceWish): void {
    const geoLocation = tx.request.headers.get(geoLocationHeader)?.trim();
    const hints = { token: undefined, avoid: [], geoLocation, client: tx.flow.remote.host };
    const plan = this.#o.pool.plan(wish, hints, this.#o.clock.now());
    if (plan.kind === "try") return tx.respond(200, { headers: [["Accept", "application/sdp"]] });
    tx.respond(plan.status, { reason: plan.reason, headers: retryHeaders(plan.status, plan.retryAfterS) });
  }

  #place(tx: ServerTransaction, wish: ServiceWish): void {
    const { clock, log, pool, send, dismiss, observer, suspect } = this.#o;
    const request = tx.request;
    const client = tx.flow.remote.host;
    const finish = (outcome: "accepted" | "refused" | "cancelled", status: number, attempts: number): void => {
      observer.outcome(wish.kind, outcome, status, attempts);
      if (outcome === "accepted") this.#sessions.began(client, request.callId ?? "", clock.now());
      const fields = { callId: request.callId, service: wish.kind, uri: request.uri, status, attempts };
      if (outcome === "refused") log.warn(fields, "no resource took the INVITE");
      else log.info(fields, `INVITE ${outcome}`);
    };
    const refuse = (status: number, reason: string, seconds?: number): void => {
      tx.respond(status, { reason, headers: retryHeaders(status, seconds) });
      finish("refused", status, 0);
    };
    if (this.#sessions.isFull(client, clock.now())) return refuse(480, "Client Has Too Many Sessions");
    const named = wish.kind === "record" ? this.#namedDestination(wish.uri) : undefined;
    if (named === forbidden) return refuse(403, "Destination Not Allowed");
    const sibling = request.headers.get(siblingHeader);
    if (named !== undefined && sibling !== undefined && samePlace(named, sibling)) {
      return refuse(403, "Destination Has the Other Copy");
    }
    const hints = {
      token: request.headers.get(tokenHeader),
      avoid: request.headers.list(avoidHeader),
      sibling,
      geoLocation: request.headers.get(geoLocationHeader)?.trim(),
      client,
    };
    const plan = named === undefined ? pool.plan(wish, hints, clock.now()) : undefined;
    if (plan?.kind === "refuse") return refuse(plan.status, plan.reason, plan.retryAfterS);
    tx.respond(100);
    const candidates =
      plan === undefined
        ? [{ address: named ?? "", resource: undefined, request: forwarded(request, this.#o.self()) }]
        : plan.resources.map((r) => this.#candidate(tx, wish.uri, r));
    const context = { clock, log, pool, send, dismiss, suspect, name: plan?.name, onOutcome: finish };
    new PlacedInvite(tx, candidates, context).start();
  }

  #candidate(tx: ServerTransaction, uri: SipUri, resource: Resource): Candidate {
    const request = forwarded(tx.request, this.#o.self());
    request.uri = retarget(uri, resource.address);
    if (this.#o.pool.groupOf(resource)?.config.recordRoute === true) {
      request.headers.prepend("Record-Route", `<${this.#ownUri(tx.flow)};lr>`);
    }
    return { address: resource.address, resource, request };
  }

  /** R10: where the Request-URI of a recording names another host than ours and no group, that is its destination. */
  #namedDestination(uri: SipUri): string | typeof forbidden | undefined {
    if (isSelf(uri, this.#o.self()) || isIP(uri.host) === 0) return undefined;
    if (!this.#o.peers.accepts(uri.host)) return forbidden;
    const transport = uri.params.text("transport") ?? "tcp";
    return formatUri({
      ...uri,
      user: undefined,
      password: undefined,
      headers: undefined,
      params: Params.of([["transport", transport]]),
    });
  }

  #forwardInDialog(tx: ServerTransaction): void {
    const { request } = tx;
    const next = this.#nextHop(request);
    if (next === undefined) return tx.respond(481);
    if (request.method === "INVITE") tx.respond(100);
    if (request.method === "BYE") this.#sessionEnded(request.callId ?? "");
    const client = this.#o.send(forwarded(request, this.#o.self()), next, {
      onProvisional: (r) => {
        if (r.status > 100) tx.forward(returned(r, undefined));
      },
      onFinal: (r) => tx.forward(returned(r, undefined)),
      onFailure: (why) => tx.respond(why === "timeout" ? 408 : 503),
    });
    tx.onCancel = () => client.cancel();
  }

  /** Where a request inside a dialog goes: its next Route after ours, else its Request-URI; undefined where we may not. */
  #nextHop(request: SipRequest): Destination | undefined {
    const self = this.#o.self();
    const route = forwarded(request, self).headers.list("route")[0];
    const parsed = parseUri(route === undefined ? request.uri : uriInside(route));
    if (!parsed.ok || isSelf(parsed.value, self) || !this.#o.peers.accepts(parsed.value.host)) return undefined;
    return { uri: parsed.value };
  }

  #sessionEnded(callId: string): void {
    for (const r of this.#o.pool.resources) r.ended(callId);
    this.#sessions.ended(callId);
  }

  #ownUri(flow: Flow): string {
    const known = this.#o.self();
    const local = known.find((s) => s.host === flow.local.host) ?? known[0] ?? flow.local;
    const host = local.host.includes(":") ? `[${local.host}]` : local.host;
    return `sip:${host}:${local.port};transport=${flow.transport}`;
  }
}

function samePlace(one: string, other: string): boolean {
  const [a, b] = [sipUriPlace(one), sipUriPlace(other)];
  return a !== undefined && a.host === b?.host && a.port === b.port;
}

function uriInside(route: string): string {
  const open = route.indexOf("<");
  const close = route.indexOf(">", open);
  return open < 0 || close < 0 ? route : route.slice(open + 1, close);
}
