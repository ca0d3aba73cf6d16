import { answeredParties, type Call, type Introduction, nextPartyId, type Party, presentParties } from "./call.ts";
import { type CallEffect, type CallStep, ended, inTurn, move, type PartyFacts } from "./machine.ts";

/** How a consultation ends in the call that it was begun from. */
export type MergeKind = "transfer" | "conference";

/** Two calls and the party that is in both. */
export interface Merge {
  readonly kind: MergeKind;
  /** The call that survives, and the party of it that consulted. */
  readonly main: Call;
  readonly party: string;
  /** The consultation, and the same phone's party in it. */
  readonly consult: Call;
  readonly consultParty: string;
  /** What may have changed of the consultation's parties, by their id there (R6, R27). */
  readonly facts?: ReadonlyMap<string, PartyFacts>;
}

/** What became of both. The consultation's effects come first. */
export interface Merged {
  readonly consult: CallStep;
  readonly main: CallStep;
  /** The consultation's parties that went on, by their id there: their id in the call that survives. */
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * R27, tlib-wire.md "Two-step transfer" and "Conference": the parties of the consultation go on in the call from which
 * it was begun; who consulted leaves it, or stays in the conference. Legal before the consulted party has answered.
 * Undefined where the two calls do not allow it.
 */
export function mergeCalls(merge: Merge, nowMicros: number): Merged | undefined {
  const { main, consult, kind } = merge;
  if (main.endedMicros !== undefined || consult.endedMicros !== undefined || main.connId === consult.connId) {
    return undefined;
  }
  const consulting = answeredParties(main).find(({ id }) => id === merge.party);
  const there = answeredParties(consult).find(({ id }) => id === merge.consultParty) ?? dialing(merge);
  if (consulting === undefined || there === undefined) return undefined;
  const newcomers = presentParties(consult).filter(({ id, device }) => id !== there.id && device === "phone");
  const staying = presentParties(main).filter(({ id }) => id !== consulting.id);
  if (newcomers.length === 0 || staying.length === 0) return undefined;
  // Phones that ring on both sides would ring for nobody.
  if (kind === "transfer" && ![...newcomers, ...staying].some(hasAnswered)) return undefined;
  // A conference with somebody whose phone still rings would be one with nobody.
  if (kind === "conference" && newcomers.some(({ state }) => state === "dialing" || state === "ringing"))
    return undefined;
  const by: Introduction = { how: kind, party: consulting.id, number: consulting.number };
  const { parties, moved } = movedInto(merge, newcomers, by);
  const cause = kind === "transfer" ? "transferred" : "conferenced";
  return {
    consult: leaveConsultation(consult, there, newcomers, cause, nowMicros),
    main: joined(merge, parties, by),
    moved,
  };
}

function hasAnswered({ state }: Party): boolean {
  return state === "connected" || state === "held";
}

/** Who consults is not connected there before the consulted party answers; who is called there has to answer first. */
function dialing({ consult, consultParty }: Merge): Party | undefined {
  return presentParties(consult).find(({ id, role }) => id === consultParty && role === "origination");
}

function movedInto(
  { main, facts }: Merge,
  newcomers: readonly Party[],
  by: Introduction,
): { readonly parties: readonly Party[]; readonly moved: ReadonlyMap<string, string> } {
  const moved = new Map<string, string>();
  const parties: Party[] = [];
  let grown = main;
  for (const newcomer of newcomers) {
    const id = nextPartyId(grown);
    const party: Party = { ...newcomer, ...facts?.get(newcomer.id), id, role: "destination", introduction: by };
    moved.set(newcomer.id, id);
    parties.push(party);
    grown = { ...grown, parties: [...grown.parties, party] };
  }
  return { parties, moved };
}

function leaveConsultation(
  consult: Call,
  there: Party,
  newcomers: readonly Party[],
  cause: string,
  nowMicros: number,
): CallStep {
  const rest = presentParties(consult).filter((party) => party !== there && !newcomers.includes(party));
  const step = ended(consult, [there, ...rest], cause, nowMicros, () => false);
  const parties = step.call.parties.map((party): Party => ({ ...party, state: "released" }));
  const out = newcomers.map((party): CallEffect => ({ kind: "party-moved-out", party }));
  const end = step.effects.length - 1;
  return {
    call: { ...step.call, parties },
    effects: [...step.effects.slice(0, end), ...out, ...step.effects.slice(end)],
  };
}

function joined({ kind, main, consult, party }: Merge, newcomers: readonly Party[], by: Introduction): CallStep {
  const answeredNow = newcomers.filter(hasAnswered);
  const told = kind === "transfer" ? "party-replaced" : "party-joined";
  return inTurn(
    { ...main, previousConnId: consult.connId },
    (now) =>
      kind === "transfer" ? move(now, party, "released", "transferred") : move(now, party, "connected", "retrieved"),
    (now) => {
      const others = answeredParties(now).toSorted((x, y) => Number(y.id === party) - Number(x.id === party));
      const movedIn = newcomers.map((one): CallEffect => ({ kind: "party-moved-in", party: one, by }));
      const tellings = answeredNow.flatMap((newcomer) =>
        others.map((other): CallEffect => ({ kind: told, party: other, newcomer, by })),
      );
      return {
        call: { ...now, parties: [...now.parties, ...newcomers] },
        // tlib-wire.md: the transferred party hears of it first, the conference last.
        effects: kind === "transfer" ? [...movedIn, ...tellings] : [...tellings, ...movedIn],
      };
    },
  );
}
