import type { ExpectedParty, Side } from "./expected-party.ts";
import type { HeldRecording } from "./held-recording.ts";
import {
  DYNAMIC_START_MS,
  END_TOLERANCE_MS,
  FINALIZE_MS,
  GAP_TOLERANCE_MS,
  LOSS_MS,
  LOSS_SHARE,
  SETTLE_MS,
  SILENT_CHANNEL_MS,
  START_TOLERANCE_MS,
} from "../limits.ts";
import { lengthMs, type Stretch, union, within, without } from "./stretch.ts";

/** What becomes of an expected call-party. `pending`: the call, or its recording, still runs. */
export const verdicts = ["recorded", "partial", "missing", "by-policy", "pending"] as const;
export type Verdict = (typeof verdicts)[number];

/** Something that is wrong, or should be known, about what is held of a call-party. */
export interface Finding {
  readonly kind:
    | "late-start"
    | "ends-early"
    | "gap"
    | "one-sided"
    | "loss"
    | "media-short"
    | "media-gone"
    | "copy-damaged"
    | "still-open"
    | "paused"
    | "stopped"
    | "end-unknown";
  /** How much of the call it is about, ms. */
  readonly ms: number;
  /** Where it begins, ms from when the party was to be recorded. */
  readonly atMs?: number;
  readonly side?: Side;
  readonly text: string;
}

/** The outcome of comparing an expected call-party with what is held. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is not `recorded`, for people; its first word or words are stable. */
  readonly reason: string | undefined;
  /** Of `by-policy`, or where a policy took a part away. */
  readonly policy: string | undefined;
  readonly findings: readonly Finding[];
  /** How long the party was to be recorded, pauses taken off, and how much of that is held; ms. */
  readonly expectedMs: number;
  readonly recordedMs: number;
  /** Recordings that have something of it. */
  readonly recordings: readonly { readonly id: string; readonly recorder: string | undefined }[];
}

/** What takes nothing away: said, and not held against the recording. */
const harmless: ReadonlySet<Finding["kind"]> = new Set(["paused", "stopped", "end-unknown", "copy-damaged"]);

/**
 * R34: compares one call-party that should be recorded with all recordings of its call, whoever has them: parts and copies together may be
 * whole. Pure.
 * @param held every recording with the party's CallUUID
 * @param now wall-clock microseconds
 */
export function judge(
  party: ExpectedParty,
  held: readonly HeldRecording[],
  now: number,
  o: { readonly silenceMs: number },
): Judgement {
  if (party.outcome === "not-recorded" && party.reason?.startsWith("by-policy") === true)
    return nothing("by-policy", "by-policy", party.policy ?? "R27");
  const own = ofParty(party, held, now);
  // SIP Server lost sight of the call: what is held says how long it was.
  const blind = party.until === undefined && party.outcome === "unknown";
  const until = party.until ?? (blind ? Math.max(party.from, ...own.map((h) => h.span.to)) : undefined);
  if (until === undefined) return nothing("pending", undefined, party.policy, own);
  const age = now - (party.until ?? party.from);
  const running = own.some((h) => h.state === "recording");
  if (running && age < SETTLE_MS * 1000) return nothing("pending", undefined, party.policy, own);
  if (own.length === 0 && age < FINALIZE_MS * 1000) return nothing("pending", undefined, party.policy);
  const there = own.filter((h) => h.gone === undefined);
  const lost = own.find((h) => h.gone !== undefined);
  const whole = [{ from: party.from, to: until }];
  const pauses = within(
    whole,
    there.flatMap((h) => h.pauses),
  );
  const wanted = without(whole, pauses);
  const notes = notesOf(party, lengthMs(pauses), blind);
  if (there.length === 0) {
    const findings: Finding[] = lost === undefined ? [] : [gone(lost, lengthMs(wanted))];
    return {
      ...nothing("missing", missingReason(party, lost), party.policy, own),
      expectedMs: lengthMs(wanted),
      findings: [...findings, ...notes],
    };
  }
  if (lengthMs(wanted) === 0 && pauses.length > 0)
    return { ...nothing("by-policy", "by-policy", "R19 paused by a client", there), findings: notes };
  const covered = within(wanted, union(there.flatMap((h) => without([h.span], [...h.gaps, ...h.pauses]))));
  const absent = uncovered(party, until, without(wanted, covered));
  const findings = [
    ...damages(own, absent),
    ...absent,
    ...(covered.length === 0 ? [] : oneSided(party, there, covered, o.silenceMs)),
    ...losses(there, lengthMs(covered)),
    ...(running
      ? [
          {
            kind: "still-open",
            ms: 0,
            text: "the recorder has not ended the recording, though the party has left",
          } as const,
        ]
      : []),
    ...notes,
  ];
  const worst = findings.find(({ kind }) => !harmless.has(kind));
  const none = covered.length === 0;
  const verdict = none ? "missing" : worst === undefined ? "recorded" : "partial";
  const why = none ? (missingReason(party, lost) ?? "no-audio") : (worst?.text ?? undefined);
  return {
    verdict,
    reason: verdict === "partial" && party.reason !== undefined ? `${why} (SIP Server: ${party.reason})` : why,
    policy: party.policy,
    findings,
    expectedMs: lengthMs(wanted),
    recordedMs: lengthMs(covered),
    recordings: there.map(({ id, recorder }) => ({ id, recorder })),
  };
}

function nothing(
  verdict: Verdict,
  reason: string | undefined,
  policy: string | undefined,
  held: readonly HeldRecording[] = [],
): Judgement {
  const recordings = held.map(({ id, recorder }) => ({ id, recorder }));
  return { verdict, reason, policy, findings: [], expectedMs: 0, recordedMs: 0, recordings };
}

/** Those with its recording id, whatever number or copy; where no one has it, those of the time: a recorder may have had to take an id of its own. */
function ofParty(party: ExpectedParty, held: readonly HeldRecording[], now: number): readonly HeldRecording[] {
  const { recordingId } = party;
  const named = held.filter(
    ({ id }) => recordingId !== undefined && (id === recordingId || id.startsWith(`${recordingId}~`)),
  );
  if (named.length > 0) return named;
  const to = party.until ?? now;
  return held.filter(({ span }) => span.from < to && span.to > party.from);
}

function missingReason(party: ExpectedParty, lost: HeldRecording | undefined): string | undefined {
  if (lost !== undefined) return `media-gone: ${lost.gone ?? ""} (${lost.id})`;
  if (party.outcome === "recorded" || party.outcome === "partial") {
    const named = party.recordingId === undefined ? "it" : `recording ${party.recordingId}`;
    const also = party.reason === undefined ? "" : `; SIP Server: ${party.reason}`;
    return `not-held: SIP Server says that it was recorded, but no recorder that was asked has ${named}${also}`;
  }
  return party.reason ?? (party.outcome === "unknown" ? "unknown" : "never-began");
}

function gone(held: HeldRecording, ms: number): Finding {
  return { kind: "media-gone", ms, text: `media-gone: ${held.gone ?? ""} (${held.id})` };
}

function notesOf(party: ExpectedParty, pausedMs: number, blind: boolean): Finding[] {
  const notes: Finding[] = [];
  if (pausedMs > 0)
    notes.push({
      kind: "paused",
      ms: pausedMs,
      text: `paused for ${seconds(pausedMs)} by a client (R19): not expected`,
    });
  if (party.policy !== undefined) notes.push({ kind: "stopped", ms: 0, text: party.policy });
  if (blind)
    notes.push({
      kind: "end-unknown",
      ms: 0,
      text: `SIP Server did not see the end of the call: ${party.reason ?? "unknown"}`,
    });
  return notes;
}

/** What neither side has: at the beginning, at the end, or between. */
function uncovered(party: ExpectedParty, until: number, missing: readonly Stretch[]): Finding[] {
  const start = party.cause === "dynamic" ? DYNAMIC_START_MS : START_TOLERANCE_MS;
  return missing.flatMap((stretch): Finding[] => {
    const ms = lengthMs([stretch]);
    const atMs = Math.round((stretch.from - party.from) / 1000);
    if (stretch.to === until)
      return ms <= END_TOLERANCE_MS
        ? []
        : [{ kind: "ends-early", ms, atMs, text: `ends-early: the last ${seconds(ms)} are missing` }];
    if (stretch.from === party.from)
      return ms <= start
        ? []
        : [{ kind: "late-start", ms, atMs, text: `late-start: the first ${seconds(ms)} are missing` }];
    return ms <= GAP_TOLERANCE_MS
      ? []
      : [{ kind: "gap", ms, atMs, text: `gap: ${seconds(ms)} are missing at ${seconds(atMs)}` }];
  });
}

/** Where something is held, and one side has nothing in it: all the time, or for long. Who is on hold has a reason to be silent. */
function oneSided(
  party: ExpectedParty,
  held: readonly HeldRecording[],
  covered: readonly Stretch[],
  silenceMs: number,
): Finding[] {
  const holds = held.flatMap((h) => h.holds);
  return (["customer", "agent"] as const).flatMap((side): Finding[] => {
    const heard = union(held.flatMap((h) => without([h.span], [...h.gaps, ...h.pauses, ...h.silent[side]])));
    const silent = without(without(covered, heard), holds);
    const ms = lengthMs(silent);
    const all = lengthMs(within(covered, heard)) < GAP_TOLERANCE_MS && lengthMs(covered) >= SILENT_CHANNEL_MS && ms > 0;
    const long = all ? silent : silent.filter((stretch) => lengthMs([stretch]) >= silenceMs);
    const [first] = long;
    if (first === undefined) return [];
    const atMs = Math.round((first.from - party.from) / 1000);
    const text = all
      ? `one-sided: the ${side} sent no audio at all`
      : `one-sided: the ${side} sent no audio for ${seconds(lengthMs(long))}`;
    return [{ kind: "one-sided", ms: lengthMs(long), atMs, side, text }];
  });
}

function losses(held: readonly HeldRecording[], coveredMs: number): Finding[] {
  // Of copies the best one counts.
  const ms = Math.min(...held.map((h) => h.lostMs));
  if (ms < LOSS_MS || ms < coveredMs * LOSS_SHARE) return [];
  return [{ kind: "loss", ms, text: `loss: packets with ${seconds(ms)} of audio never came` }];
}

/** Files that are gone or have lost something; where parts or copies make up for it nothing is missing. */
function damages(held: readonly HeldRecording[], absent: readonly Finding[]): Finding[] {
  const made = absent.length === 0 && held.some((h) => h.gone === undefined && h.damage === undefined);
  return held.flatMap((h): Finding[] => {
    const text = h.gone ?? h.damage;
    if (text === undefined) return [];
    const kind = made ? "copy-damaged" : h.gone === undefined ? "media-short" : "media-gone";
    return [{ kind, ms: 0, text: `${kind}: ${text} (${h.id})` }];
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
