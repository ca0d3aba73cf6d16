import { LIMITS } from "../limits.ts";
import { isBlank, isToken, parseDigits, splitList, trimmed } from "./characters.ts";
import { parseContact, parseNameAddr } from "./name-addr.ts";
import type { NameAddr } from "./name-addr.ts";
import type { SipMessage, SipRequest, SipResponse } from "./message.ts";
import { parseUri } from "./uri.ts";
import { parseVia } from "./via.ts";

/** The answer that is owed to a request which was understood well enough to be refused. Never send one to an ACK. */
export interface Refusal {
  readonly status: number;
  /** Reason phrase; names what is wrong, e.g. `Missing Call-ID`. */
  readonly reason: string;
  /** For the log. */
  readonly detail: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** How strict {@link validateRequest} is. */
export interface ValidationOptions {
  /** Lets pass what RFC 4475 allows to let pass: extra blanks in the start line, headers in the Request-URI, odd dates. */
  readonly lenient?: boolean;
}

/** Methods that Sidetone's stack knows; a mismatch of CSeq in any other is 501 (RFC 4475 3.1.2.18). */
const KNOWN_METHODS = new Set([
  "ACK",
  "BYE",
  "CANCEL",
  "INFO",
  "INVITE",
  "MESSAGE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REFER",
  "REGISTER",
  "SUBSCRIBE",
  "UPDATE",
]);

const ONCE = ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"];
const REQUIRED = ["Via", "From", "To", "Call-ID", "CSeq"];

/** The sanity checks of RFC 3261 8.2 and 16.3 that need no knowledge of the server; `undefined` where the request may go on. */
export function validateRequest(request: SipRequest, options: ValidationOptions = {}): Refusal | undefined {
  const lenient = options.lenient === true;
  for (const flaw of request.flaws) if (flaw.status === 505) return refuse(505, "Version Not Supported", "start line");
  for (const flaw of request.flaws) {
    if (lenient && flaw.reason.startsWith("Extra white space")) continue;
    return refuse(flaw.status, flaw.reason, "found by the parser");
  }
  return (
    checkRequestUri(request, lenient) ??
    checkOccurrences(request) ??
    checkCSeq(request) ??
    checkVias(request) ??
    checkDialogFields(request) ??
    checkAddresses(request) ??
    checkRest(request, lenient)
  );
}

/** Why a response must be dropped; `undefined` where it may go on. Responses are never answered. */
export function validateResponse(response: SipResponse): string | undefined {
  const flaw = response.flaws[0];
  if (flaw !== undefined) return flaw.reason;
  const refusal = checkOccurrences(response) ?? checkVias(response) ?? checkDialogFields(response);
  if (refusal !== undefined) return refusal.reason;
  return response.cseq === undefined ? "Malformed CSeq" : undefined;
}

/**
 * RFC 3261 8.2.2.3 and 16.3: 420 with Unsupported where `header` asks for an extension that is not in `supported`
 * (option tags in lower case). A user agent gives Require, a proxy Proxy-Require. ACK and CANCEL are never refused.
 */
export function checkExtensions(
  request: SipRequest,
  supported: ReadonlySet<string>,
  header: "Require" | "Proxy-Require" = "Require",
): Refusal | undefined {
  if (request.method === "ACK" || request.method === "CANCEL") return undefined;
  const unknown = request.headers
    .list(header)
    .filter((tag) => !supported.has(tag.toLowerCase()) && !isJoined(tag.toLowerCase(), supported));
  if (unknown.length === 0) return undefined;
  return {
    status: 420,
    reason: "Bad Extension",
    detail: `${header}: ${unknown.join(", ")}`,
    headers: [["Unsupported", unknown.join(", ")]],
  };
}

/** Known tags without a comma between them: `100relsiprec` of Cisco's gateways. */
function isJoined(tag: string, supported: ReadonlySet<string>): boolean {
  if (tag.length > 64) return false;
  for (const one of supported) {
    if (one === "" || !tag.startsWith(one)) continue;
    const rest = tag.slice(one.length).trim();
    if (rest === "" || isJoined(rest, supported)) return true;
  }
  return false;
}

function refuse(status: number, reason: string, detail: string): Refusal {
  return { status, reason, detail };
}

function checkRequestUri(request: SipRequest, lenient: boolean): Refusal | undefined {
  if (request.uri.length > LIMITS.uriBytes) return refuse(414, "Request-URI Too Long", `${request.uri.length} bytes`);
  if (request.method.length > LIMITS.methodBytes)
    return refuse(400, "Method Too Long", `${request.method.length} bytes`);
  const uri = parseUri(request.uri);
  if (!uri.ok) return refuse(400, "Malformed Request-URI", uri.error);
  const { scheme, headers } = uri.value;
  if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel") return refuse(416, "Unsupported URI Scheme", scheme);
  // RFC 3261 19.1.1: headers have no place in a Request-URI.
  if (headers !== undefined && !lenient) return refuse(400, "Headers in Request-URI", headers);
  return undefined;
}

/** Two of what may be there once are a way to show two elements two different messages. */
function checkOccurrences(message: SipMessage): Refusal | undefined {
  for (const name of ONCE) if (message.headers.count(name) > 1) return refuse(400, `Duplicate ${name}`, name);
  for (const name of REQUIRED) if (!message.headers.has(name)) return refuse(400, `Missing ${name}`, name);
  return undefined;
}

function checkCSeq(request: SipRequest): Refusal | undefined {
  const cseq = request.cseq;
  if (cseq === undefined) return refuse(400, "Malformed CSeq", request.headers.get("cseq") ?? "");
  if (cseq.method === request.method) return undefined;
  if (!KNOWN_METHODS.has(request.method))
    return refuse(501, "Not Implemented", `${request.method}, CSeq says ${cseq.method}`);
  return refuse(400, "CSeq Method Mismatch", `${request.method}, CSeq says ${cseq.method}`);
}

function checkVias(message: SipMessage): Refusal | undefined {
  let count = 0;
  for (const line of message.headers.all("via")) {
    // An element that is not there (`a,,b`) is refused in Via, whose order decides where answers go.
    for (const element of splitList(line)) {
      if (++count > LIMITS.viaCount) return refuse(400, "Too Many Via", `${count}`);
      const via = parseVia(element);
      if (!via.ok) return refuse(400, "Malformed Via", via.error);
    }
  }
  return count === 0 ? refuse(400, "Malformed Via", "empty") : undefined;
}

function checkDialogFields(message: SipMessage): Refusal | undefined {
  for (const name of ["From", "To"]) {
    const address = parseNameAddr(message.headers.get(name) ?? "");
    if (!address.ok) return refuse(400, `Malformed ${name}`, address.error);
    if (!tagIsSound(address.value)) return refuse(400, `Malformed ${name}`, "tag");
  }
  const callId = message.callId ?? "";
  if (callId === "") return refuse(400, "Malformed Call-ID", "empty");
  for (let i = 0; i < callId.length; i++) {
    const code = callId.charCodeAt(i);
    if (isBlank(code) || code < 0x20 || code === 0x7f) return refuse(400, "Malformed Call-ID", "white space");
  }
  return undefined;
}

function tagIsSound(address: NameAddr): boolean {
  let tags = 0;
  for (const [name, value] of address.params.entries()) {
    if (name.toLowerCase() !== "tag") continue;
    if (++tags > 1 || value === true || !isToken(value)) return false;
  }
  return true;
}

function checkAddresses(request: SipRequest): Refusal | undefined {
  for (const name of ["Contact", "Route", "Record-Route"]) {
    const elements = request.headers.list(name);
    if (name !== "Contact" && elements.length > LIMITS.routeCount)
      return refuse(400, `Too Many ${name}`, `${elements.length}`);
    for (const element of elements) {
      if (name === "Contact" && element === "*") continue;
      const address = name === "Contact" ? parseContact(element) : parseNameAddr(element);
      if (!address.ok) return refuse(400, `Malformed ${name}`, address.error);
    }
  }
  return undefined;
}

function checkRest(request: SipRequest, lenient: boolean): Refusal | undefined {
  const maxForwards = request.headers.get("max-forwards");
  if (maxForwards !== undefined && parseDigits(maxForwards, Number.MAX_SAFE_INTEGER) === undefined) {
    return refuse(400, "Malformed Max-Forwards", maxForwards);
  }
  const type = request.headers.get("content-type");
  if (type !== undefined && !isMediaType(type)) return refuse(400, "Malformed Content-Type", type);
  const date = request.headers.get("date");
  if (date !== undefined && !lenient && !isSipDate(date)) return refuse(400, "Malformed Date", date);
  return undefined;
}

/** The hops left, 255 for a greater number (RFC 4475 3.1.2.4); `undefined` where absent or malformed. */
export function maxForwardsOf(request: SipRequest): number | undefined {
  const value = request.headers.get("max-forwards");
  const hops = value === undefined ? undefined : parseDigits(value, Number.MAX_SAFE_INTEGER);
  return hops === undefined ? undefined : Math.min(hops, 255);
}

/** A header of seconds, e.g. Expires: 2^32-1 for a greater number (RFC 3261 20.19, RFC 4475 3.1.2.4); `undefined` where malformed. */
export function deltaSeconds(value: string): number | undefined {
  for (let i = 0; i < value.length; i++) if (parseDigits(value[i] ?? "", 9) === undefined) return undefined;
  if (value === "") return undefined;
  return parseDigits(value, LIMITS.deltaSecondsMax) ?? LIMITS.deltaSecondsMax;
}

function isMediaType(value: string): boolean {
  const semicolon = value.indexOf(";");
  const [type, subtype, more] = trimmed(value, 0, semicolon === -1 ? value.length : semicolon).split("/", 3);
  return more === undefined && isToken((type ?? "").trim()) && isToken((subtype ?? "").trim());
}

/** RFC 3261 20.17: `Sat, 13 Nov 2010 23:29:00 GMT`, in GMT only. */
function isSipDate(value: string): boolean {
  const [weekday, day, month, year, time, zone, more] = value.split(" ", 7);
  if (more !== undefined || zone !== "GMT" || weekday === undefined || !DAYS.has(weekday)) return false;
  if (day?.length !== 2 || parseDigits(day, 31) === undefined || !MONTHS.has(month ?? "")) return false;
  if (year?.length !== 4 || parseDigits(year, 9999) === undefined) return false;
  const [hours, minutes, seconds, rest] = (time ?? "").split(":", 4);
  return rest === undefined && twoDigits(hours, 23) && twoDigits(minutes, 59) && twoDigits(seconds, 60);
}

const DAYS = new Set(["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"]);
const MONTHS = new Set(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]);

function twoDigits(text: string | undefined, max: number): boolean {
  return text?.length === 2 && parseDigits(text, max) !== undefined;
}
