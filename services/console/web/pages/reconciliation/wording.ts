/** What the API says of what should have been recorded (`GET /api/v1/reconciliation`). */
export interface Totals {
  readonly expected: number;
  readonly recorded: number;
  readonly partial: number;
  readonly missing: number;
  readonly byPolicy: number;
  readonly pending: number;
  readonly shareRecorded: number | null;
}

export type Verdict = "recorded" | "partial" | "missing" | "by-policy" | "pending";

/** A call-party that should be recorded, and what became of it. */
export interface JudgedParty {
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly policy: string | null;
  readonly callUuid: string;
  readonly dn: string;
  readonly side: "customer" | "agent";
  readonly expectedFrom: string;
  readonly expectedMs: number;
  readonly recordedMs: number;
  readonly findings: readonly { readonly kind: string; readonly text: string }[];
  readonly recordings: readonly { readonly id: string }[];
  readonly site: string;
}

export interface Group extends Totals {
  readonly key: string;
}

/** Verdicts in words, and how they are marked. */
export const verdictText: Readonly<
  Record<Verdict, { readonly label: string; readonly tone: "good" | "bad" | "warn" | "plain" }>
> = {
  recorded: { label: "recorded", tone: "good" },
  partial: { label: "not whole", tone: "warn" },
  missing: { label: "missing", tone: "bad" },
  "by-policy": { label: "by policy", tone: "plain" },
  pending: { label: "not judged yet", tone: "plain" },
};

/** What the beginning of a reason means (docs/operators.md, "Reasons"); what stands after it is shown as it is. */
const meanings: readonly (readonly [start: string, meaning: string])[] = [
  ["no-recorder", "No recorder was there to take it."],
  ["no-media-server", "No Media Server was there to record it."],
  ["no-resource-manager", "No Resource Manager is configured or answers."],
  ["media-server-lost", "The Media Server that recorded it was lost."],
  ["media-server-busy", "Every Media Server was full."],
  ["recorder-refused", "The recorder refused it."],
  ["recorder-no-answer", "The recorder did not answer."],
  ["recorder-lost", "The recorder was lost while it recorded, and no other took over."],
  ["call ended before", "The call was too short."],
  ["codec", "The phones spoke a codec that cannot be recorded."],
  ["media-gone", "It was recorded, but its files are gone."],
  ["media-short", "It was recorded, but its files have lost a part."],
  ["not-held", "It is said to be recorded, but no recorder has it."],
  ["never-began", "The recording never began."],
  ["server restarted", "SIP Server was restarted, and does not know what became of it."],
  ["late-start", "Its beginning is missing."],
  ["ends-early", "Its end is missing."],
  ["gap", "A piece within it is missing."],
  ["one-sided", "One side is silent."],
  ["loss", "Many packets never came."],
  ["still-open", "The recorder has not ended it."],
  ["no-audio", "Nothing of the call is in it."],
  ["unknown", "A recorder that may have it does not answer, or nobody knows."],
  ["by-policy", "A rule says that it is not recorded."],
];

/** A reason in a sentence. */
export function reasonText({ verdict, reason, policy }: Pick<JudgedParty, "verdict" | "reason" | "policy">): string {
  if (verdict === "by-policy") return `Not to be recorded: ${policy ?? "by policy"}.`;
  if (reason === null) return verdict === "pending" ? "The call is up, or has just ended." : "";
  return meanings.find(([start]) => reason.startsWith(start))?.[1] ?? "";
}

/** A share in percent; 100 % only where nothing at all is missing. */
export function shareText(share: number | null): string {
  if (share === null) return "–";
  const percent = share === 1 ? 100 : Math.min(99.99, share * 100);
  return `${percent === 100 || percent === 0 ? percent : percent.toFixed(2)} %`;
}

/** Those that have ended and are not whole. */
export function faultsOf({ missing, partial }: Totals): number {
  return missing + partial;
}

/** What the share means, in a sentence. */
export function meaningOf(totals: Totals): string {
  const { recorded, partial, missing, pending, byPolicy } = totals;
  const ended = recorded + partial + missing;
  if (ended === 0) return "Nothing that should be recorded has ended in this time.";
  const rest = [
    pending > 0 ? `${pending} not judged yet` : "",
    byPolicy > 0 ? `${byPolicy} not to be recorded by policy, not counted` : "",
  ].filter((part) => part !== "");
  const tail = rest.length === 0 ? "" : ` (${rest.join("; ")})`;
  if (recorded === ended) return `All ${ended} call-parties that should be recorded are there, whole${tail}.`;
  return `Of ${ended} call-parties that should be recorded ${recorded} are there whole, ${partial} not whole, ${missing} missing${tail}.`;
}
