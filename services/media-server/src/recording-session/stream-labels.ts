import { MAX_STREAMS } from "../limits.ts";
import type { RecordedParty, RecordingFacts } from "./facts.ts";

/**
 * The facts with a stream for each participant (recorder profile, `streams: per-participant`) in place of one for each side.
 * The first of either side keeps the side's label, so that a call of two looks the same; who comes later has the next number,
 * for as long as the recording lasts and also after coming back. A recording has `MAX_STREAMS` at most: later ones are mixed
 * into the last stream of their side.
 */
export function perParticipant(facts: RecordingFacts): RecordingFacts {
  const sides = new Set(facts.parties.map(({ label }) => label));
  const taken = new Set<string>();
  const labels = new Map<string, string>();
  /** The newest stream of a side. */
  const newest = new Map<string, string>();
  let next = 1;
  const labelFor = ({ conn, label: side }: RecordedParty): string => {
    const key = `${conn} ${side}`;
    const known = labels.get(key);
    if (known !== undefined) return known;
    let label = taken.has(side) ? undefined : side;
    if (label === undefined && taken.size >= MAX_STREAMS) label = newest.get(side) ?? side;
    while (label === undefined) {
      const number = String(next++);
      // A side's own number waits for its first participant.
      if (!taken.has(number) && !sides.has(number) && number !== "1" && number !== "2") label = number;
    }
    taken.add(label);
    labels.set(key, label);
    newest.set(side, label);
    return label;
  };
  return { ...facts, parties: facts.parties.map((party) => ({ ...party, label: labelFor(party) })) };
}
