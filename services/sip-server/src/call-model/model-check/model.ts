import { eventsOfEffects } from "../../t-library/events-of-effects.ts";
import { stepCall } from "../machine.ts";
import { mergeCalls } from "../merge.ts";

/** What is checked: the call model's functions, or others with a bug in them. */
export interface Model {
  readonly step: typeof stepCall;
  readonly merge: typeof mergeCalls;
  readonly events: typeof eventsOfEffects;
}

/** The call model as it is. */
export const model: Model = { step: stepCall, merge: mergeCalls, events: eventsOfEffects };

/** Which part of the checker speaks. */
export type CheckName =
  /** The order in which one DN hears of one call. */
  | "automaton"
  /** What each row of the table says to whom, in which order. */
  | "rows"
  /** What an event says: the required attributes, and the receiver's own view. */
  | "attributes"
  /** UserData: complete, and what the call's are. */
  | "user-data"
  /** Parties and states of a call. */
  | "invariants"
  /** Phones that are up in a call against its parties. */
  | "legs"
  /** Every call ends when everybody leaves. */
  | "end"
  | "exception";

/** Something that must not be. */
export interface Violation {
  readonly check: CheckName;
  readonly detail: string;
}

/** A violation, said in short. */
export function violation(check: CheckName, detail: string): Violation {
  return { check, detail };
}
