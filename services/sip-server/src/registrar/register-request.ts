// What a REGISTER says, and how it is answered.
import { isIP } from "node:net";
import { type Result, fail, ok } from "@sidetone/foundation";
import {
  type NameAddr,
  type ServerTransaction,
  type SipRequest,
  type SipUri,
  deltaSeconds,
  formatUri,
  parseNameAddr,
  parseUri,
  quote,
  sameHost,
  userOf,
  wireText,
} from "@sidetone/sip";
import type { RegisterInput, RegisterRefusal, WantedContact } from "./bindings.ts";
import { defaultExpires, maxContactLength, maxContactsPerDn } from "./limits.ts";
import { sipDate } from "./sip-date.ts";
import type { Binding } from "./types.ts";

/** A response to a REGISTER. */
export interface RegisterAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Reads a REGISTER, or says how to refuse it: 404 where it is not for our domain, else 400. */
export function registerInput(
  tx: ServerTransaction,
  domain: string,
  nowMicros: number,
): Result<RegisterInput, RegisterAnswer> {
  const { request, flow } = tx;
  const target = parseUri(request.uri);
  const to = request.to;
  if (!target.ok || !isOurs(target.value, domain)) return fail(refusal(404, "Domain Not Served Here"));
  if (to === undefined || !isOurs(to.uri, domain)) return fail(refusal(404, "Address Of Record Not Served Here"));
  const dn = userOf(to.uri);
  const { callId, cseq } = request;
  if (dn === undefined || callId === undefined || cseq === undefined) return fail(refusal(400, "Bad Request"));
  const contacts = readContacts(request);
  if (!contacts.ok) return fail(refusal(400, contacts.error));
  return ok({
    dn,
    contacts: contacts.value,
    callId,
    cseq: cseq.sequence,
    userAgent: request.headers.get("User-Agent")?.slice(0, maxContactLength),
    nowMicros,
    source: {
      transport: flow.transport,
      remoteHost: flow.remote.host,
      remotePort: flow.remote.port,
      symmetric: request.topVia?.params.has("rport") ?? false,
      flow,
    },
  });
}

/** 200 with every binding there is (RFC 3261 10.3 step 8). */
export function registerOk(bindings: readonly Binding[], nowMicros: number): RegisterAnswer {
  const headers: [string, string][] = bindings.map((binding) => ["Contact", contactValue(binding, nowMicros)]);
  headers.push(["Date", sipDate(nowMicros)]);
  return { status: 200, headers };
}

export function registerRefused(refused: RegisterRefusal): RegisterAnswer {
  const headers: [string, string][] =
    refused.minExpires === undefined ? [] : [["Min-Expires", String(refused.minExpires)]];
  return { status: refused.status, reason: refused.reason, headers };
}

function refusal(status: number, reason: string): RegisterAnswer {
  return { status, reason, headers: [] };
}

/** Phones are told the domain or our address; what reached us by an address is for us. */
function isOurs(uri: SipUri, domain: string): boolean {
  if (uri.scheme !== "sip" && uri.scheme !== "sips") return false;
  return sameHost(uri.host, domain) || sameHost(uri.host, "localhost") || isIP(uri.host) !== 0;
}

function readContacts(request: SipRequest): Result<readonly WantedContact[] | "*"> {
  const values = request.headers.list("Contact");
  const expires = seconds(request.headers.get("Expires"));
  if (values.some((value) => value.trim() === "*")) {
    // RFC 3261 10.3 step 6.
    return values.length === 1 && expires === 0 ? ok("*") : fail("Contact * Needs Expires 0 And No Other Contact");
  }
  // More than may stay, since some may be removals.
  if (values.length > 2 * maxContactsPerDn) return fail("Too Many Contacts");
  const contacts: WantedContact[] = [];
  for (const value of values) {
    const parsed = parseNameAddr(value);
    if (!parsed.ok) return fail("Malformed Contact");
    const contact = wantedContact(parsed.value, expires);
    if (contact === undefined) return fail("Contact Too Long");
    contacts.push(contact);
  }
  return ok(contacts);
}

function wantedContact(contact: NameAddr, headerExpires: number | undefined): WantedContact | undefined {
  const kept = contact.params.clone();
  kept.delete("q");
  kept.delete("expires");
  const uri = formatUri(contact.uri);
  const params = kept.toString();
  if (uri.length + params.length + (contact.displayName?.length ?? 0) > maxContactLength) return undefined;
  return {
    uri,
    displayName: contact.displayName,
    params,
    q: thousandths(contact.params.text("q")),
    expires: seconds(contact.params.text("expires")) ?? headerExpires ?? defaultExpires,
    instance: contact.params.text("+sip.instance"),
    regId: contact.params.text("reg-id"),
  };
}

/** RFC 3261 20.10, 20.19: what is no number counts as 3600. Undefined where nothing was said. */
function seconds(value: string | undefined): number | undefined {
  return value === undefined ? undefined : (deltaSeconds(value) ?? defaultExpires);
}

function thousandths(value: string | undefined): number {
  const q = value === undefined ? 1 : Number(value);
  return q >= 0 && q <= 1 ? Math.round(q * 1000) : 1000;
}

function contactValue(binding: Binding, nowMicros: number): string {
  const name = binding.displayName === undefined ? "" : `${quote(wireText(binding.displayName))} `;
  const q = binding.q === 1000 ? "" : `;q=${binding.q / 1000}`;
  const expires = Math.ceil((binding.expiresAt - nowMicros) / 1_000_000);
  return `${name}<${binding.uri}>${binding.params}${q};expires=${expires}`;
}
