import { answeredParties, type Call, presentParties } from "../call-model/call.ts";
import type { RecordingWish } from "./policy.ts";

/** How the recording of a call stands before it is judged. */
export interface Standing {
  /** Parties for whom the recording that runs was begun, or that were added to it; undefined: none runs. */
  readonly flagged: ReadonlySet<string> | undefined;
  /** Who is to be recorded by policy, of those who are in the call or ring (R1, R2, R6). */
  readonly wishes: readonly RecordingWish[];
}

/** What becomes of a call's recording when parties have come or left. */
export interface Lasting {
  /** `none`: nothing runs, and nothing is to. */
  readonly kind: "none" | "starts" | "goes-on" | "ends";
  /** Parties that have answered and are recorded from now on. */
  readonly due: readonly RecordingWish[];
  /** Flagged parties that have left. */
  readonly left: readonly string[];
}

/**
 * R24 to R26: a recording lasts as long as a party that is set for it; a target that rings counts as present (R25). Who
 * has answered and is to be recorded joins the one that runs, or begins one. Pure.
 */
export function lastingOf(call: Call, { flagged, wishes }: Standing): Lasting {
  const present = new Set(presentParties(call).map(({ id }) => id));
  const answered = new Set(answeredParties(call).map(({ id }) => id));
  const due = wishes.filter(({ party }) => answered.has(party) && flagged?.has(party) !== true);
  if (flagged === undefined) return { kind: due.length > 0 ? "starts" : "none", due, left: [] };
  const left = Array.from(flagged).filter((party) => !present.has(party));
  const stays = left.length < flagged.size || wishes.length > 0;
  return stays ? { kind: "goes-on", due, left } : { kind: "ends", due: [], left };
}
