import type { DnConfig } from "@sidetone/config";
import type { Flow, RespondOptions, ServerTransaction } from "@sidetone/sip";
import { parseUri } from "@sidetone/sip";
import type { AuthResult } from "../registrar/authenticator.ts";
import type { CallFacts } from "./call-controller.ts";
import { dialledNumber, resolveDestination } from "./destination.ts";
import { incomingBody } from "./incoming-body.ts";
import { isExternal } from "./party-number.ts";
import { forwardsLeft } from "./passed-headers.ts";
import { reachable } from "./reachable.ts";
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
  const { dns } = context.config;
  const uri = parseUri(request.uri);
  if (!uri.ok) return refuse(400, { reason: "Malformed Request-URI" });
  const target = resolveDestination(uri.value, dns);
  if (target.kind === "refused" && target.status === 416) return refuse(416, { reason: target.reason });
  if (forwardsLeft(request) < 0) return refuse(483, {});
  const body = incomingBody(request);
  if (body.kind === "refused") return refuse(body.status, { reason: body.reason, headers: body.headers });
  const caller = callerOf(dns, tx, flow, authenticate);
  if (caller.kind === "refused") return caller;
  // Only now: who may not call learns nothing about who can be called.
  const number = target.kind === "refused" ? dialledNumber(uri.value) : target.number;
  const attempt = { caller: caller.dn, callerNumber: caller.number, dialled: number ?? "" };
  if (target.kind === "refused") {
    return { ...refuse(target.status, { reason: target.reason }), attempt: { ...attempt, cause: "unknown-number" } };
  }
  const there = reachable(context, target.dn, target.number);
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
      calledNumber: target.number,
    },
  };
}

function refuse(status: number, options: RespondOptions): Extract<Admission, { kind: "refused" }> {
  return { kind: "refused", status, options };
}

type Caller =
  | { readonly kind: "caller"; readonly dn: DnConfig; readonly number: string }
  | Extract<Admission, { kind: "refused" }>;

function callerOf(
  dns: ReadonlyMap<string, DnConfig>,
  tx: ServerTransaction,
  flow: Flow,
  authenticate: (tx: ServerTransaction) => AuthResult,
): Caller {
  const trunk = trunkOf(dns, tx, flow);
  if (trunk !== undefined) {
    const from = tx.request.from?.uri;
    return { kind: "caller", dn: trunk, number: (from === undefined ? undefined : dialledNumber(from)) ?? "anonymous" };
  }
  const auth = authenticate(tx);
  if (auth.kind === "challenge") return refuse(auth.status, { headers: auth.headers });
  if (auth.kind === "refused") {
    const retry: [string, string][] = auth.retryAfter === undefined ? [] : [["Retry-After", String(auth.retryAfter)]];
    return refuse(auth.status, { reason: auth.reason, headers: retry });
  }
  const dn = dns.get(auth.dn);
  if (dn === undefined) return refuse(403, { reason: "Unknown DN" });
  return { kind: "caller", dn, number: dn.dn };
}

/** A trunk is known by its contact address: the INVITE comes from there, or (TCP) says so in its Contact. */
function trunkOf(dns: ReadonlyMap<string, DnConfig>, tx: ServerTransaction, flow: Flow): DnConfig | undefined {
  for (const dn of dns.values()) {
    if (!isExternal(dn) || dn.contact === undefined) continue;
    const contact = parseUri(dn.contact);
    if (!contact.ok || contact.value.host !== flow.remote.host) continue;
    const port = contact.value.port ?? 5060;
    const said = tx.request.contact?.uri;
    if (flow.remote.port === port || (said?.host === contact.value.host && (said.port ?? 5060) === port)) return dn;
  }
  return undefined;
}
