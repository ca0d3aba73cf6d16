import type { Destination, Flow } from "@sidetone/sip";

/** The transport path on which a REGISTER came. */
export interface BindingSource {
  readonly transport: "udp" | "tcp";
  readonly remoteHost: string;
  readonly remotePort: number;
  /** RFC 3581: the phone asked for answers to its source port, so it takes requests there too. */
  readonly symmetric: boolean;
  /** Absent after a restart. */
  readonly flow: Flow | undefined;
}

/** One Contact of a DN (RFC 3261 10). */
export interface Binding {
  readonly dn: string;
  /** The URI as the phone wrote it. */
  readonly uri: string;
  readonly displayName: string | undefined;
  /** Contact parameters as written, without `q` and `expires`: `;a=b;c`. */
  readonly params: string;
  /** Thousandths: 1000 where the phone said nothing. */
  readonly q: number;
  /** Wall-clock microseconds. */
  readonly expiresAt: number;
  readonly callId: string;
  readonly cseq: number;
  /** `+sip.instance` and `reg-id` of RFC 5626, as written. */
  readonly instance: string | undefined;
  readonly regId: string | undefined;
  readonly userAgent: string | undefined;
  readonly source: BindingSource;
}

/** Where a DN can be reached. */
export interface Contact {
  /** For the Request-URI: the Contact's URI without its headers. */
  readonly uri: string;
  readonly destination: Destination;
  /** 0 to 1; higher is preferred. */
  readonly q: number;
  readonly userAgent: string | undefined;
  readonly instance: string | undefined;
}

/** A registered contact as people see it. Times are RFC 3339. */
export interface RegistrationView {
  readonly dn: string;
  readonly contact: string;
  readonly transport: "udp" | "tcp";
  readonly source: string;
  readonly q: number;
  readonly expires: string;
  readonly userAgent: string | null;
  readonly instance: string | null;
}
