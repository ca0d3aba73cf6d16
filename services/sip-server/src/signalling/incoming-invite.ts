import type { DnConfig } from "@sidetone/config";
import type { Flow, RespondOptions, ServerTransaction } from "@sidetone/sip";
import { parseUri, sameHost } from "@sidetone/sip";
import type { Directory } from "../directory/index.ts";
import type { AuthResult } from "../registrar/authenticator.ts";
import type { CallFacts } from "./call-controller.ts";
import { dialledNumber, resolveDestination } from "./destination.ts";
import { incomingBody } from "./incoming-body.ts";
import { isExternal } from "./party-number.ts";
import { forwardsLeft } from "./passed-headers.ts";
import { reachableOrQueue } from "./reachable.ts";
import type { ServerContext } from "./server-context.ts";

/** A call that may be set up, or the status the caller is owed. */
export type Admission =
  | { readonly kind: "call"; readonly facts: Omit<CallFacts, "session" | "localAddress"> }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly options: RespondOptions;
      /** Who was admitted to call, where nobody could be called: clients see the attempt. */
      readonly attempt?: FailedAttempt;
    };

/** A call that reached nobody. */
export interface FailedAttempt {
  readonly caller: DnConfig;
  readonly callerNumber: string;
  readonly dialled: string;
  /** As the call model says it: `unknown-number`, `failed ...`. */
  readonly cause: string;
}

/**
 * Judges an INVITE that begins a call, in the order of RFC 3261 8.2: where it goes, its body, then who sent it. Sends
 * nothing.
 */
export function admitInvite(
  context: ServerContext,
  tx: ServerTransaction,
  authenticate: (tx: ServerTransaction) => AuthResult,
): Admission {
  const { request, flow } = tx;
  const uri = parseUri(request.uri);
  if (!uri.ok) return refuse(400, { reason: "Malformed Request-URI" });
  const target = resolveDestination(uri.value, context.directory);
  if (target.kind === "refused" && target.status === 416) return refuse(416, { reason: target.reason });
  if (forwardsLeft(request) < 0) return refuse(483, {});
  const body = incomingBody(request);
  if (body.kind === "refused") return refuse(body.status, { reason: body.reason, headers: body.headers });
  const caller = callerOf(context, tx, flow, authenticate);
  if (caller.kind === "refused") return caller;
  // Only now: who may not call learns nothing about who can be called.
  const number = target.kind === "refused" ? dialledNumber(uri.value) : target.number;
  const attempt = { caller: caller.dn, callerNumber: caller.number, dialled: number ?? "" };
  if (target.kind === "refused") {
    return { ...refuse(target.status, { reason: target.reason }), attempt: { ...attempt, cause: "unknown-number" } };
  }
  const there = reachableOrQueue(context, target.dn, target.number);
  if (!there.ok) {
    return { ...refuse(480, { reason: there.error }), attempt: { ...attempt, cause: `failed ${there.error}` } };
  }
  return {
    kind: "call",
    facts: {
      offer: body.kind === "offer" ? body.sdp : Buffer.alloc(0),
      caller: caller.dn,
      callerNumber: caller.number,
      callerName: request.from?.displayName,
      ...there.value,
    },
  };
}

/** Who takes the place of a phone in a call, or the status it is owed. */
export type Replacement =
  | { readonly kind: "replacement"; readonly dn: DnConfig; readonly number: string; readonly offer: Buffer }
  | Extract<Admission, { kind: "refused" }>;

/** Judges an INVITE with Replaces (RFC 3891): whom it is sent to does not matter, who sent it does. Sends nothing. */
export function admitReplacement(
  context: ServerContext,
  tx: ServerTransaction,
  authenticate: (tx: ServerTransaction) => AuthResult,
): Replacement {
  if (forwardsLeft(tx.request) < 0) return refuse(483, {});
  const body = incomingBody(tx.request);
  if (body.kind === "refused") return refuse(body.status, { reason: body.reason, headers: body.headers });
  const caller = callerOf(context, tx, tx.flow, authenticate);
  if (caller.kind === "refused") return caller;
  const offer = body.kind === "offer" ? body.sdp : Buffer.alloc(0);
  return { kind: "replacement", dn: caller.dn, number: caller.number, offer };
}

function refuse(status: number, options: RespondOptions): Extract<Admission, { kind: "refused" }> {
  return { kind: "refused", status, options };
}

type Caller =
  | { readonly kind: "caller"; readonly dn: DnConfig; readonly number: string }
  | Extract<Admission, { kind: "refused" }>;

function callerOf(
  { directory, trunks, log }: ServerContext,
  tx: ServerTransaction,
  flow: Flow,
  authenticate: (tx: ServerTransaction) => AuthResult,
): Caller {
  const found = trunkOf(directory, tx, flow) ?? authenticated(directory, tx, authenticate);
  if ("kind" in found) return found;
  if (!isExternal(found)) return { kind: "caller", dn: found, number: found.dn };
  if (trunks.isFull(found.dn)) {
    log.warn(
      { dn: found.dn, callId: tx.request.callId, capacity: found.capacity },
      "a trunk carries all the calls it may",
    );
    return refuse(503, { reason: "Trunk Full", headers: [["Retry-After", "5"]] });
  }
  const from = tx.request.from?.uri;
  const number = from === undefined ? undefined : dialledNumber(from);
  return { kind: "caller", dn: found, number: number ?? "anonymous" };
}

function authenticated(
  directory: Directory,
  tx: ServerTransaction,
  authenticate: (tx: ServerTransaction) => AuthResult,
): DnConfig | Extract<Admission, { kind: "refused" }> {
  const auth = authenticate(tx);
  if (auth.kind === "challenge") return refuse(auth.status, { headers: auth.headers });
  if (auth.kind === "refused") {
    const retry: [string, string][] = auth.retryAfter === undefined ? [] : [["Retry-After", String(auth.retryAfter)]];
    return refuse(auth.status, { reason: auth.reason, headers: retry });
  }
  const dn = directory.dn(auth.dn);
  return dn === undefined ? refuse(403, { reason: "Unknown DN" }) : directory.asCaller(dn);
}

/** A trunk is known by its contact address: the INVITE comes from there, or (TCP) says so in its Contact. */
function trunkOf(directory: Directory, tx: ServerTransaction, flow: Flow): DnConfig | undefined {
  const { host, port } = flow.remote;
  const known = directory.trunkForSource(host, port);
  if (known !== undefined) return known;
  const said = tx.request.contact?.uri;
  return said !== undefined && sameHost(said.host, host)
    ? directory.trunkForSource(host, said.port ?? 5060)
    : undefined;
}
