/** What is known of a header's name: the key that it is found by, and how it is written when Sidetone writes it. */
export interface HeaderName {
  /** Lower-case long form, e.g. `call-id` for `Call-ID`, `call-id` and `i`. */
  readonly key: string;
  /** The usual spelling, e.g. `Call-ID`. For an unknown header: as it came. */
  readonly canonical: string;
}

const CANONICAL = [
  "Accept",
  "Accept-Contact",
  "Accept-Encoding",
  "Accept-Language",
  "Alert-Info",
  "Allow",
  "Allow-Events",
  "Authentication-Info",
  "Authorization",
  "Call-ID",
  "Call-Info",
  "Contact",
  "Content-Disposition",
  "Content-Encoding",
  "Content-ID",
  "Content-Language",
  "Content-Length",
  "Content-Type",
  "CSeq",
  "Date",
  "Diversion",
  "Error-Info",
  "Event",
  "Expires",
  "From",
  "Geolocation",
  "History-Info",
  "Identity",
  "In-Reply-To",
  "Info-Package",
  "Join",
  "Max-Breadth",
  "Max-Forwards",
  "MIME-Version",
  "Min-Expires",
  "Min-SE",
  "Organization",
  "P-Asserted-Identity",
  "P-Preferred-Identity",
  "Path",
  "Priority",
  "Privacy",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Require",
  "RAck",
  "Reason",
  "Record-Route",
  "Recv-Info",
  "Refer-Sub",
  "Refer-To",
  "Referred-By",
  "Reject-Contact",
  "Remote-Party-ID",
  "Replaces",
  "Reply-To",
  "Request-Disposition",
  "Require",
  "Retry-After",
  "Route",
  "RSeq",
  "Server",
  "Service-Route",
  "Session-Expires",
  "SIP-ETag",
  "SIP-If-Match",
  "Subject",
  "Subscription-State",
  "Supported",
  "Target-Dialog",
  "Timestamp",
  "To",
  "Unsupported",
  "User-Agent",
  "Via",
  "Warning",
  "WWW-Authenticate",
  "X-Genesys-CallUUID",
  "X-Genesys-geo-location",
  "X-Resource-Token",
];

/** Compact forms: RFC 3261 7.3.3 and the IANA registry of SIP header fields. */
const COMPACT: readonly (readonly [string, string])[] = [
  ["a", "Accept-Contact"],
  ["b", "Referred-By"],
  ["c", "Content-Type"],
  ["d", "Request-Disposition"],
  ["e", "Content-Encoding"],
  ["f", "From"],
  ["i", "Call-ID"],
  ["j", "Reject-Contact"],
  ["k", "Supported"],
  ["l", "Content-Length"],
  ["m", "Contact"],
  ["o", "Event"],
  ["r", "Refer-To"],
  ["s", "Subject"],
  ["t", "To"],
  ["u", "Allow-Events"],
  ["v", "Via"],
  ["x", "Session-Expires"],
  ["y", "Identity"],
];

/** Headers whose value is one thing: a comma in it separates nothing. */
const SINGLE = new Set([
  "authorization",
  "call-id",
  "content-disposition",
  "content-id",
  "content-length",
  "content-type",
  "cseq",
  "date",
  "event",
  "expires",
  "from",
  "max-forwards",
  "mime-version",
  "min-expires",
  "min-se",
  "organization",
  "proxy-authenticate",
  "proxy-authorization",
  "rack",
  "refer-to",
  "referred-by",
  "replaces",
  "retry-after",
  "rseq",
  "server",
  "session-expires",
  "subject",
  "subscription-state",
  "target-dialog",
  "timestamp",
  "to",
  "user-agent",
  "www-authenticate",
  "x-genesys-calluuid",
  "x-genesys-geo-location",
  "x-resource-token",
]);

const BY_SPELLING = new Map<string, HeaderName>();
for (const canonical of CANONICAL) {
  const name = { key: canonical.toLowerCase(), canonical };
  BY_SPELLING.set(canonical, name);
  BY_SPELLING.set(name.key, name);
}
for (const [letter, canonical] of COMPACT) {
  const name = BY_SPELLING.get(canonical);
  if (name === undefined) continue;
  BY_SPELLING.set(letter, name);
  BY_SPELLING.set(letter.toUpperCase(), name);
}

/** The name if it is one that Sidetone knows, in any spelling; `undefined` for others. */
export function knownHeader(spelling: string): HeaderName | undefined {
  return BY_SPELLING.get(spelling) ?? BY_SPELLING.get(spelling.toLowerCase());
}

/** The key by which a header is found: lower case, compact form expanded. */
export function headerKey(spelling: string): string {
  return knownHeader(spelling)?.key ?? spelling.toLowerCase();
}

/** Whether a comma separates elements in this header's value (RFC 3261 7.3.1). Takes a key. */
export function isListHeader(key: string): boolean {
  return !SINGLE.has(key);
}
