import { type ApiAccess, field, getJson, listField, textField } from "./api-client.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./table.ts";

/** Query parameters of `sidetone reconcile`. */
export const reconcileNames = ["from", "to", "dn", "call-uuid", "verdict", "limit", "cursor"] as const;

/** What to print, and 0 where everything that is expected is recorded and known, else 1. */
export interface Reconciled {
  readonly text: string;
  readonly code: number;
}

/** R34: expected against recorded. What is whole is only counted, unless a verdict is asked for. */
export async function reconcile(
  access: ApiAccess,
  options: ReadonlyMap<string, string>,
  json: boolean,
): Promise<Reconciled> {
  const ask = (more: Readonly<Record<string, string>>): Promise<unknown> =>
    getJson(
      access,
      `/api/v1/reconciliation?${new URLSearchParams({ ...Object.fromEntries(options), ...more }).toString()}`,
    );
  const answer = await ask({});
  const code = isWhole(answer) ? exitCodes.ok : exitCodes.failed;
  if (json) return { text: JSON.stringify(answer, null, 2), code };
  const lists = options.has("verdict")
    ? [answer]
    : await Promise.all([ask({ verdict: "missing" }), ask({ verdict: "partial" })]);
  return { text: [...summary(answer), ...lists.flatMap(parties)].join("\n"), code };
}

/** Nothing is missing, and nothing is unknown: every ledger answers. */
function isWhole(answer: unknown): boolean {
  const ledgers = listField(answer, "ledgers");
  const known = ledgers.length > 0 && ledgers.every((one) => textField(one, "state") === "up");
  return known && field(answer, "missing") === 0 && field(answer, "partial") === 0;
}

function summary(answer: unknown): string[] {
  const number = (name: string): number => {
    const value = field(answer, name);
    return typeof value === "number" ? value : 0;
  };
  const share = field(answer, "shareRecorded");
  const percent =
    typeof share === "number" ? ` (${(Math.floor(share * 10_000) / 100).toFixed(2)} % of those that have ended)` : "";
  const lines = [
    `expected ${number("expected")}: recorded ${number("recorded")}${percent}, partial ${number("partial")}, missing ${number("missing")}, still running ${number("pending")}; not recorded by policy ${number("byPolicy")}`,
  ];
  const ledgers = listField(answer, "ledgers");
  if (ledgers.length === 0)
    lines.push("No ledger is read: give the recorder t-library, or reconciliation.sip-servers.");
  for (const ledger of ledgers) {
    if (textField(ledger, "state") === "up") continue;
    const since = textField(ledger, "unknownSince");
    const problem = textField(ledger, "problem") ?? "has not been asked yet.";
    lines.push(
      `${textField(ledger, "sipServer") ?? "?"} ${problem}${since === undefined ? "" : ` What it expects is unknown since ${since}.`}`,
    );
  }
  for (const alarm of listField(answer, "alarms"))
    lines.push(
      `Now: the ${textField(alarm, "side") ?? "?"}'s stream of recording ${textField(alarm, "recordingId") ?? "?"} has brought no RTP since ${textField(alarm, "since") ?? "?"}.`,
    );
  return lines;
}

function parties(answer: unknown): string[] {
  const rows = listField(answer, "parties").map((one) => [
    textField(one, "expectedFrom")?.slice(0, 19) ?? "",
    textField(one, "dn") ?? "",
    textField(one, "side") ?? "",
    textField(one, "verdict") ?? "",
    `${seconds(field(one, "recordedMs"))} of ${seconds(field(one, "expectedMs"))}`,
    textField(one, "recordingId") ?? "",
    textField(one, "policy") ?? textField(one, "reason") ?? "",
  ]);
  if (rows.length === 0) return [];
  const next = textField(answer, "next");
  const more = next === undefined ? [] : [`There are older ones: --verdict ${rows[0]?.[3] ?? ""} --cursor ${next}`];
  return ["", table([["expected", "dn", "side", "verdict", "recorded", "recording", "why"], ...rows]), ...more];
}

function seconds(ms: unknown): string {
  return typeof ms === "number" ? `${(ms / 1000).toFixed(1)} s` : "?";
}
