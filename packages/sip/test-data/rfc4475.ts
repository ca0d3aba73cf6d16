import { fileURLToPath } from "node:url";

/** Who decides what becomes of a message: the parser (drops), the validator (answers), the transaction layer, or the server behind it. */
export type TortureLayer = "parser" | "validator" | "transaction" | "server";

/**
 * One message of RFC 4475. `expect`: the status that is owed; `drop` = no answer; `processed` = it passes parser and
 * validator, and gets whatever answer its content earns. `note` says which way we went where the RFC leaves a choice.
 */
export interface TortureRow {
  readonly file: string;
  readonly section: string;
  readonly layer: TortureLayer;
  readonly expect: number | "drop" | "processed";
  /** Over a stream the connection must be closed too. */
  readonly closesStream?: true;
  readonly note?: string;
}

const row = (
  section: string,
  file: string,
  layer: TortureLayer,
  expect: number | "drop" | "processed",
  note?: string,
): TortureRow => (note === undefined ? { file, section, layer, expect } : { file, section, layer, expect, note });

/** All 49 messages of RFC 4475, each with what Sidetone does. */
export const RFC4475: readonly TortureRow[] = [
  row("3.1.1.1", "wsinv.dat", "server", "processed"),
  row("3.1.1.2", "intmeth.dat", "server", "processed", "an unknown method: the server answers 405 or 501"),
  row("3.1.1.3", "esc01.dat", "server", "processed"),
  row("3.1.1.4", "escnull.dat", "server", "processed"),
  row("3.1.1.5", "esc02.dat", "server", "processed", "RE%47IST%45R is a method of its own, not REGISTER"),
  row("3.1.1.6", "lwsdisp.dat", "server", "processed"),
  row("3.1.1.7", "longreq.dat", "server", "processed"),
  row("3.1.1.8", "dblreq.dat", "server", "processed", "octets after Content-Length are ignored in a datagram"),
  row("3.1.1.9", "semiuri.dat", "server", "processed"),
  row("3.1.1.10", "transports.dat", "server", "processed"),
  row("3.1.1.11", "mpart01.dat", "server", "processed"),
  row("3.1.1.12", "unreason.dat", "transaction", "drop", "a sound response to a request that we never sent"),
  row("3.1.1.13", "noreason.dat", "transaction", "drop", "a sound response to a request that we never sent"),
  row("3.1.2.1", "badinv01.dat", "validator", 400),
  row("3.1.2.2", "clerr.dat", "validator", 400),
  { ...row("3.1.2.3", "ncl.dat", "validator", 400), closesStream: true },
  row("3.1.2.4", "scalar02.dat", "validator", 400, "for its CSeq; Max-Forwards and Expires alone would be clamped"),
  row("3.1.2.5", "scalarlg.dat", "validator", "drop"),
  row("3.1.2.6", "quotbal.dat", "validator", 400, "we do not guess where the quote ends"),
  row("3.1.2.7", "ltgtruri.dat", "validator", 400, "we do not strip the brackets"),
  row("3.1.2.8", "lwsruri.dat", "validator", 400, "we do not guess where the URI ends"),
  row("3.1.2.9", "lwsstart.dat", "validator", 400, "lenient: processed"),
  row("3.1.2.10", "trws.dat", "validator", 400, "lenient: processed"),
  row("3.1.2.11", "escruri.dat", "validator", 400, "lenient: processed, the escaped headers are never used"),
  row("3.1.2.12", "baddate.dat", "validator", 400, "lenient: processed"),
  row("3.1.2.13", "regbadct.dat", "validator", 400, "we do not guess whose the ? is"),
  row("3.1.2.14", "badaspec.dat", "validator", 400, "we do not strip blanks inside angle brackets"),
  row("3.1.2.15", "baddn.dat", "validator", 400),
  row("3.1.2.16", "badvers.dat", "validator", 505),
  row("3.1.2.17", "mismatch01.dat", "validator", 400),
  row("3.1.2.18", "mismatch02.dat", "validator", 501, "400 is allowed too; 501 tells more"),
  row("3.1.2.19", "bigcode.dat", "parser", "drop"),
  row(
    "3.2.1",
    "badbranch.dat",
    "transaction",
    "processed",
    "a branch of the cookie alone is matched by the rules of RFC 2543",
  ),
  row("3.3.1", "insuf.dat", "validator", 400),
  row("3.3.2", "unkscm.dat", "validator", 416),
  row("3.3.3", "novelsc.dat", "validator", 416),
  row(
    "3.3.4",
    "unksm2.dat",
    "server",
    "processed",
    "the registrar answers for an address-of-record that is none of its own",
  ),
  row("3.3.5", "bext01.dat", "server", 420, "checkExtensions with what the server supports"),
  row("3.3.6", "invut.dat", "server", 415, "or an earlier refusal of the called address"),
  row("3.3.7", "regaut01.dat", "server", "processed", "an unknown scheme counts as no credentials"),
  row("3.3.8", "multi01.dat", "validator", 400),
  { ...row("3.3.9", "mcl01.dat", "validator", 400), closesStream: true },
  row("3.3.10", "bcast.dat", "transaction", "drop", "its topmost Via is not ours"),
  row("3.3.11", "zeromf.dat", "server", "processed", "483 from a proxy; a user agent answers as usual"),
  row("3.3.12", "cparam01.dat", "server", "processed"),
  row("3.3.13", "cparam02.dat", "server", "processed"),
  row("3.3.14", "regescrt.dat", "server", "processed", "headers in a Contact's URI are stored as they are"),
  row("3.3.15", "sdp01.dat", "server", 406, "or an earlier refusal of the called address"),
  row("3.4.1", "inv2543.dat", "transaction", "processed", "by the rules of RFC 2543"),
];

/** One message of RFC 5118; `expect` is the validator's status. */
export interface Ipv6Row {
  readonly file: string;
  readonly section: string;
  readonly expect: 400 | "processed";
  readonly note?: string;
}

/** The messages of RFC 5118. */
export const RFC5118: readonly Ipv6Row[] = [
  { file: "ipv6-good.dat", section: "4.1", expect: "processed" },
  { file: "ipv6-bad.dat", section: "4.2", expect: 400 },
  {
    file: "port-ambiguous.dat",
    section: "4.3",
    expect: "processed",
    note: "what looks like a port is part of the address",
  },
  { file: "port-unambiguous.dat", section: "4.4", expect: "processed" },
  { file: "via-received-param-with-delim.dat", section: "4.5", expect: "processed" },
  { file: "via-received-param-no-delim.dat", section: "4.5", expect: "processed" },
  { file: "ipv6-in-sdp.dat", section: "4.6", expect: "processed" },
  { file: "mult-ip-in-header.dat", section: "4.7", expect: "processed" },
  { file: "mult-ip-in-sdp.dat", section: "4.8", expect: "processed" },
  { file: "ipv4-mapped-ipv6.dat", section: "4.9", expect: "processed" },
  {
    file: "ipv6-bug-abnf-3-colons.dat",
    section: "4.10",
    expect: 400,
    note: "RFC 5954 corrected the grammar that allowed it",
  },
  { file: "ipv6-correct-abnf-2-colons.dat", section: "4.10", expect: "processed" },
];

/** Where a message's bytes are. */
export function torturePath(set: "rfc4475" | "rfc5118", file: string): string {
  return fileURLToPath(new URL(`./${set}/${file}`, import.meta.url));
}
