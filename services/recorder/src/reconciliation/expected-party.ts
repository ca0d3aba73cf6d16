import { type Result, fail, ok, parseRfc3339 } from "@sidetone/foundation";

/** Customer = left channel, agent = right channel (R26). */
export type Side = "customer" | "agent";

/** A line of a SIP Server's ledger: a call-party that should be recorded (R34). Times are wall-clock microseconds. */
export interface ExpectedParty {
  /** The line's number in its ledger. */
  readonly line: number;
  readonly callUuid: string;
  readonly connId: string;
  readonly dn: string;
  readonly side: Side;
  /** 1 for the party's first recording in the call. */
  readonly turn: number;
  readonly cause: string;
  readonly from: number;
  /** Undefined: the party is still there, or nobody knows when it left. */
  readonly until: number | undefined;
  /** What SIP Server says became of it: `open`, `recorded`, `partial`, `not-recorded`, `unknown`. */
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly recordingId: string | undefined;
  /** Rule or option by which it is not recorded, or not any longer. */
  readonly policy: string | undefined;
}

/** Reads a line of `GET /api/v1/ledger/changes`. */
export function readLedgerLine(value: unknown): Result<ExpectedParty> {
  if (typeof value !== "object" || value === null) return fail("a line that is no object");
  const line = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const found = line[name];
    return typeof found === "string" && found !== "" ? found : undefined;
  };
  const time = (name: string): number | undefined => {
    const found = text(name);
    return found === undefined ? undefined : parseRfc3339(found);
  };
  const { id, turn } = line;
  const callUuid = text("callUuid");
  const dn = text("dn");
  const side = text("side");
  const from = time("expectedFrom");
  const outcome = text("outcome");
  if (typeof id !== "number" || callUuid === undefined || dn === undefined || from === undefined)
    return fail("a line without id, callUuid, dn or expectedFrom");
  if ((side !== "customer" && side !== "agent") || outcome === undefined)
    return fail(`line ${id} has no known side or outcome`);
  return ok({
    line: id,
    callUuid,
    connId: text("connId") ?? "",
    dn,
    side,
    turn: typeof turn === "number" ? turn : 1,
    cause: text("cause") ?? "full-time",
    from,
    until: time("expectedUntil"),
    outcome,
    reason: text("reason"),
    recordingId: text("recordingId"),
    policy: text("policy"),
  });
}
