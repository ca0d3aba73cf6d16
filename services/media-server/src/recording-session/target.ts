import { formatRecordingUri } from "@sidetone/siprec";
import { fact, type RecordingFacts } from "./facts.ts";

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
 * The Request-URI names the recorder that the command chose (`dest`, for the duplicate `dest2`), else the Resource
 * Manager itself, which then picks one of its group.
 */
export function targetOf(
  facts: RecordingFacts,
  which: { readonly copy: number; readonly epoch: number },
  resourceManager: string,
): RecordingTarget {
  const chosen = fact(facts, which.copy === 2 ? "dest2" : "dest");
  const callUuid = fact(facts, "calluuid");
  const recordDn = fact(facts, "recordDN");
  const { dn, otherDn } = numbersOf(facts, recordDn);
  const requestUri = formatRecordingUri(
    {
      recordingId: facts.recordingId,
      ...(callUuid === undefined ? {} : { callUuid }),
      ...(dn === undefined ? {} : { dn }),
      ...(otherDn === undefined ? {} : { otherDn }),
      ...(recordDn === undefined ? {} : { recordDn }),
      copy: which.copy,
      epoch: which.epoch,
      params: facts.userParams,
    },
    hostPart(chosen ?? resourceManager),
  );
  return { requestUri, nextHop: resourceManager, destination: chosen ?? resourceManager };
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

function numberOf(party: { readonly dn?: string; readonly aor?: string } | undefined): string | undefined {
  if (party?.dn !== undefined) return party.dn;
  const aor = party?.aor;
  if (aor === undefined) return undefined;
  const start = aor.indexOf(":") + 1;
  const end = aor.indexOf("@");
  return end > start ? aor.slice(start, end) : undefined;
}
