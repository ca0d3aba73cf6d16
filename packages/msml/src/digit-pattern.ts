import { fail, ok, type Result } from "@sidetone/foundation";
import type { PatternFormat } from "./dialog.ts";
import { alternativesOf, type DigitPosition } from "./digit-grammar.ts";

/**
 * What the digits so far are to a pattern: none that can come of them, too few, or enough. `more` says that further
 * digits may still belong to it: then it is complete when the timer fires, or with a digit that ends it.
 */
export interface DigitVerdict {
  readonly verdict: "no" | "maybe" | "match";
  readonly more: boolean;
  readonly state: DigitState;
}

/** Where in the pattern the digits so far may have led; opaque. */
export type DigitState = readonly number[];

/** A compiled `digits` of a `<pattern>`; pure: the digits fed are in the state that goes along. */
export interface DigitMatcher {
  readonly start: DigitState;
  /** One more digit: `0`-`9`, `A`-`D`, `*`, `#`; with an `L` behind it a long one (RFC 5707 9.7.5, `ldd`). */
  feed(state: DigitState, digit: string): DigitVerdict;
  /** The time between digits is over: the timer symbol of a digit map, and the end for what was long enough. */
  timeout(state: DigitState): DigitVerdict;
  /** The key that ends the input (`rtk`), which is no digit of it. */
  readonly returnKey?: string;
}

/** The symbol of a timer in a digit map of RFC 3435 2.1.5. */
const TIMER = "T";
/** Positions of one alternative; above every length that is allowed. */
const STRIDE = 1024;

/** Compiles the `digits` of a pattern (RFC 5707 9.7.5.2); the error says what is wrong with them. */
export function digitMatcher(digits: string, format: PatternFormat = "moml+digits"): Result<DigitMatcher, string> {
  const read = alternativesOf(digits, format);
  if (!read.ok) return fail(read.error);
  const { alternatives, returnKey } = read.value;
  // RFC 3435 2.1.5: a digit map matches as soon as one of its strings does. RFC 3525 waits where a longer one may come.
  return ok(new PositionMatcher(alternatives, format === "mgcp", returnKey));
}

class PositionMatcher implements DigitMatcher {
  readonly start: DigitState;
  readonly returnKey?: string;
  readonly #alternatives: readonly (readonly DigitPosition[])[];
  readonly #shortest: boolean;

  constructor(alternatives: readonly (readonly DigitPosition[])[], shortest: boolean, returnKey: string | undefined) {
    this.#alternatives = alternatives;
    this.#shortest = shortest;
    if (returnKey !== undefined) this.returnKey = returnKey;
    this.start = this.#closed(alternatives.map((_, index) => index * STRIDE));
  }

  feed(state: DigitState, digit: string): DigitVerdict {
    const reached: number[] = [];
    for (const at of state) {
      const position = this.#alternatives[Math.floor(at / STRIDE)]?.[at % STRIDE];
      if (position?.accepts.has(digit) === true) reached.push(position.often ? at : at + 1);
    }
    return this.#verdictOf(this.#closed(reached));
  }

  timeout(state: DigitState): DigitVerdict {
    if (this.#isEnd(state)) return { verdict: "match", more: false, state: [] };
    return this.feed(state, TIMER);
  }

  #verdictOf(state: DigitState): DigitVerdict {
    if (state.length === 0) return { verdict: "no", more: false, state };
    if (!this.#isEnd(state)) return { verdict: "maybe", more: true, state };
    const more = !this.#shortest && state.some((at) => this.#positionAt(at) !== undefined);
    return { verdict: "match", more, state };
  }

  #positionAt(at: number): DigitPosition | undefined {
    return this.#alternatives[Math.floor(at / STRIDE)]?.[at % STRIDE];
  }

  #isEnd(state: DigitState): boolean {
    return state.some((at) => this.#positionAt(at) === undefined);
  }

  /** With what may be left out behind each place. */
  #closed(places: readonly number[]): DigitState {
    const all = new Set<number>();
    for (const place of places) {
      for (let at = place; !all.has(at); at += 1) {
        all.add(at);
        if (this.#positionAt(at)?.mayLack !== true) break;
      }
    }
    return Array.from(all);
  }
}
