// RFC 3261 10.3, steps 6 to 8: what a REGISTER does to the bindings of one address of record. Pure.
import { type Result, fail, ok } from "@sidetone/foundation";
import { parseUri, uriEquals } from "@sidetone/sip";
import { maxContactsPerDn, neverTooBrief } from "./limits.ts";
import type { Binding, BindingSource } from "./types.ts";

/** One Contact of a REGISTER. */
export interface WantedContact {
  readonly uri: string;
  readonly displayName: string | undefined;
  readonly params: string;
  readonly q: number;
  /** Seconds, the defaults applied; 0 removes. */
  readonly expires: number;
  readonly instance: string | undefined;
  readonly regId: string | undefined;
}

/** A REGISTER of an authenticated DN. */
export interface RegisterInput {
  readonly dn: string;
  /** None: a query. `*`: remove every binding. */
  readonly contacts: readonly WantedContact[] | "*";
  readonly callId: string;
  readonly cseq: number;
  readonly userAgent: string | undefined;
  readonly source: BindingSource;
  readonly nowMicros: number;
}

/** Seconds. */
export interface ExpiryBounds {
  readonly minExpires: number;
  readonly maxExpires: number;
}

/** What a REGISTER that changes nothing is answered with. */
export interface RegisterRefusal {
  readonly status: 403 | 423 | 500;
  readonly reason: string;
  /** For `Min-Expires`, with 423. */
  readonly minExpires?: number;
}

/** The bindings of a DN after a REGISTER, or why nothing changes: all of its contacts are taken or none. */
export function applyRegister(
  before: readonly Binding[],
  input: RegisterInput,
  bounds: ExpiryBounds,
): Result<readonly Binding[], RegisterRefusal> {
  const alive = before.filter((binding) => binding.expiresAt > input.nowMicros);
  if (input.contacts === "*") {
    return alive.some((binding) => isOutOfOrder(binding, input)) ? fail(outOfOrder) : ok([]);
  }
  const after = [...alive];
  for (const wanted of input.contacts) {
    const refusal = applyContact(after, alive, wanted, input, bounds);
    if (refusal !== undefined) return fail(refusal);
  }
  if (after.length > maxContactsPerDn && after.length > alive.length)
    return fail({ status: 403, reason: "Too Many Contacts" });
  return ok(after);
}

const outOfOrder: RegisterRefusal = { status: 500, reason: "CSeq Out Of Order" };

function applyContact(
  after: Binding[],
  alive: readonly Binding[],
  wanted: WantedContact,
  input: RegisterInput,
  bounds: ExpiryBounds,
): RegisterRefusal | undefined {
  if (wanted.expires > 0 && wanted.expires < bounds.minExpires && wanted.expires < neverTooBrief) {
    return { status: 423, reason: "Interval Too Brief", minExpires: bounds.minExpires };
  }
  const same = (binding: Binding): boolean => isSameContact(binding, wanted);
  if (alive.some((binding) => same(binding) && isOutOfOrder(binding, input))) return outOfOrder;
  const index = after.findIndex(same);
  if (wanted.expires === 0) {
    if (index >= 0) after.splice(index, 1);
    return undefined;
  }
  const binding: Binding = {
    dn: input.dn,
    uri: wanted.uri,
    displayName: wanted.displayName,
    params: wanted.params,
    q: wanted.q,
    expiresAt: input.nowMicros + Math.min(wanted.expires, bounds.maxExpires) * 1_000_000,
    callId: input.callId,
    cseq: input.cseq,
    instance: wanted.instance,
    regId: wanted.regId,
    userAgent: input.userAgent,
    source: input.source,
  };
  if (index >= 0) after[index] = binding;
  else after.push(binding);
  return undefined;
}

/** RFC 3261 10.3 step 7: with the Call-ID of before, only a higher CSeq may change a binding. */
function isOutOfOrder(binding: Binding, input: RegisterInput): boolean {
  return binding.callId === input.callId && input.cseq <= binding.cseq;
}

/** RFC 3261 19.1.4 for SIP URIs, equal text for others; RFC 5626 6: a phone that started again is known by instance and reg-id. */
function isSameContact(binding: Binding, wanted: WantedContact): boolean {
  if (wanted.instance !== undefined && wanted.regId !== undefined) {
    if (binding.instance === wanted.instance && binding.regId === wanted.regId) return true;
  }
  if (binding.uri === wanted.uri) return true;
  const a = parseUri(binding.uri);
  const b = parseUri(wanted.uri);
  return a.ok && b.ok && uriEquals(a.value, b.value);
}
