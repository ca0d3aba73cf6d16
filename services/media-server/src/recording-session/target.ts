import { formatRecordingUri } from "@sidetone/siprec";
import { fact, type RecordingFacts } from "./facts.ts";

/** Whose session it is. */
export interface SessionOf {
  readonly copy: number;
  readonly epoch: number;
  /** Label of the one party that the session is for (`layout: session-per-party`), and its DN when the session began. */
  readonly party?: { readonly label: string; readonly dn: string | undefined } | undefined;
}

/** Where a recording INVITE goes. */
export interface RecordingTarget {
  /** Request-URI: `sip:record=<id>@<recorder>;...`. */
  readonly requestUri: string;
  /** The Resource Manager: it sees every INVITE and checks destinations (R10). */
  readonly nextHop: string;
  /** What events call the destination. */
  readonly destination: string;
}

/**
 * The Request-URI names the recorder that the command chose (`dest`, for the duplicate `dest2`) or a redirection, else the
 * Resource Manager itself, which then picks one of its group.
 */
export function targetOf(
  facts: RecordingFacts,
  of: SessionOf,
  way: {
    readonly manager: string;
    readonly redirectedTo?: string | undefined;
    readonly transport?: string | undefined;
  },
): RecordingTarget {
  const chosen = fact(facts, of.copy === 2 ? "dest2" : "dest");
  const place = way.redirectedTo ?? (chosen === undefined ? undefined : withTransport(hostPart(chosen), way.transport));
  const { copy, epoch } = of;
  const requestUri = formatRecordingUri(
    { recordingId: facts.recordingId, ...namedIn(facts, of), copy, epoch, params: facts.userParams },
    place ?? hostPart(way.manager),
  );
  return { requestUri, nextHop: way.manager, destination: way.redirectedTo ?? chosen ?? way.manager };
}

/** What the Request-URI says of call and parties; the two DNs may change while the session lasts. */
export function namedIn(
  facts: RecordingFacts,
  { party }: Pick<SessionOf, "party">,
): { callUuid?: string; recordDn?: string; dn?: string; otherDn?: string } {
  const callUuid = fact(facts, "calluuid");
  const recordDn = fact(facts, "recordDN");
  const { dn, otherDn } = party === undefined ? numbersOf(facts, recordDn) : numbersBeside(facts, party);
  return {
    ...(callUuid === undefined ? {} : { callUuid }),
    ...(recordDn === undefined ? {} : { recordDn }),
    ...(dn === undefined ? {} : { dn }),
    ...(otherDn === undefined ? {} : { otherDn }),
  };
}

/** The number by which the session of a stream is told from the others of the recording. */
export function dnOfLabel(facts: RecordingFacts, label: string): string | undefined {
  return numberOf(facts.parties.find((party) => party.label === label));
}

/** A group's name, and a destination that names a transport, are left as they are. */
function withTransport(place: string, transport: string | undefined): string {
  const isAddress = /[.:\[]/.test(place.split(";", 1)[0] ?? "");
  return transport === undefined || !isAddress || /;transport=/i.test(place)
    ? place
    : `${place};transport=${transport}`;
}

/**
 * What recorder profiles are named after: the group, or the host with or without port, that the command chose for a copy; the
 * most exact first.
 */
export function placesOf(facts: RecordingFacts, copy: number): readonly string[] {
  const chosen = fact(facts, copy === 2 ? "dest2" : "dest");
  if (chosen === undefined) return [];
  const place = hostPart(chosen).split(";", 1)[0] ?? "";
  const host = place.replace(/:\d+$/, "");
  return place === host ? [host] : [place, host];
}

/** R10: the recorder that the command chose for the other copy; undefined where it chose none. This copy must not go there. */
export function siblingOf(facts: RecordingFacts, copy: number): string | undefined {
  return fact(facts, "dest2") === undefined ? undefined : fact(facts, copy === 2 ? "dest" : "dest2");
}

/** `host:port;transport=tcp` of a SIP URI; a bare `host:port` is taken as it is. */
function hostPart(uri: string): string {
  const scheme = ["sip:", "sips:"].find((prefix) => uri.toLowerCase().startsWith(prefix));
  const rest = scheme === undefined ? uri : uri.slice(scheme.length);
  return rest.slice(rest.indexOf("@") + 1).split("?", 1)[0] ?? rest;
}

function numbersOf(facts: RecordingFacts, recordDn: string | undefined): { dn?: string; otherDn?: string } {
  const here = facts.parties.filter(({ until }) => until === undefined);
  const recorded =
    here.find(({ dn }) => dn !== undefined && dn === recordDn) ?? here.find(({ side }) => side === "agent") ?? here[0];
  const other = here.find((party) => party !== recorded && party.side !== recorded?.side);
  const dn = recordDn ?? numberOf(recorded);
  const otherDn = numberOf(other);
  return { ...(dn === undefined ? {} : { dn }), ...(otherDn === undefined ? {} : { otherDn }) };
}

function numbersBeside(
  facts: RecordingFacts,
  { label, dn }: { readonly label: string; readonly dn: string | undefined },
): { dn?: string; otherDn?: string } {
  const here = facts.parties.filter(({ until }) => until === undefined);
  const own = here.find((party) => party.label === label) ?? facts.parties.findLast((party) => party.label === label);
  const otherDn = numberOf(here.find((party) => party.label !== label && party.side !== own?.side));
  return { ...(dn === undefined ? {} : { dn }), ...(otherDn === undefined ? {} : { otherDn }) };
}

function numberOf(party: { readonly dn?: string; readonly aor?: string } | undefined): string | undefined {
  if (party?.dn !== undefined) return party.dn;
  const aor = party?.aor;
  if (aor === undefined) return undefined;
  const start = aor.indexOf(":") + 1;
  const end = aor.indexOf("@");
  return end > start ? aor.slice(start, end) : undefined;
}
