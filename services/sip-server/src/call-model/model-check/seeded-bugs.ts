import type { PartyEvent } from "../../t-library/events-of-effects.ts";
import { isConference, type Party, presentParties } from "../call.ts";
import type { CallEffect, CallStep } from "../machine.ts";
import type { Merged } from "../merge.ts";
import { type CheckName, type Model, model } from "./model.ts";

/** A model with a bug in it, and which check has to see it. */
export interface SeededBug {
  readonly name: string;
  readonly model: Model;
  readonly caughtBy: CheckName;
}

/** Bugs that the checker has to find: were one of them not found, the checker would be of no use. */
export const seededBugs: readonly SeededBug[] = [
  {
    name: "R21: Off comes after the last Released",
    caughtBy: "automaton",
    model: stepping(({ call, effects }) => {
      const off = effects.filter(({ kind }) => kind === "user-data-changed");
      if (call.endedMicros === undefined || effects.length === off.length) return { call, effects };
      return { call, effects: [...effects.filter(({ kind }) => kind !== "user-data-changed"), ...off] };
    }),
  },
  {
    name: "who leaves a conference is told of to all but one",
    caughtBy: "rows",
    model: stepping(({ call, effects }) => {
      const forgotten = effects.findLast(({ kind }) => kind === "party-left");
      return { call, effects: effects.filter((effect) => effect !== forgotten) };
    }),
  },
  {
    name: "retrieve of a party that is not held",
    caughtBy: "automaton",
    model: {
      ...model,
      step(call, input, now) {
        const party = input.kind === "party-retrieved" ? call.parties.find(({ id }) => id === input.party) : undefined;
        if (party?.state !== "connected" || call.endedMicros !== undefined) return model.step(call, input, now);
        return { call, effects: [{ kind: "party-changed", party, from: "held", cause: "retrieved" }] };
      },
    },
  },
  {
    name: "a conference retrieves who consulted though it was not held",
    caughtBy: "automaton",
    model: merging((merged, { kind, party, main }) => {
      const consulting = main.parties.find(({ id }) => id === party);
      if (kind !== "conference" || consulting?.state !== "connected") return merged;
      const back: CallEffect = { kind: "party-changed", party: consulting, from: "held", cause: "retrieved" };
      return { ...merged, main: { ...merged.main, effects: [back, ...merged.main.effects] } };
    }),
  },
  {
    name: "an event after Released: the leaver hears that it has left",
    caughtBy: "automaton",
    model: stepping(({ call, effects }) => {
      const left = effects.find((effect) => effect.kind === "party-left");
      return left === undefined ? { call, effects } : { call, effects: [...effects, { ...left, party: left.leaver }] };
    }),
  },
  {
    name: "a merged party is lost",
    caughtBy: "invariants",
    model: merging((merged) => {
      const [lost] = merged.moved.values();
      const { call, effects } = merged.main;
      return { ...merged, main: { call: { ...call, parties: call.parties.filter(({ id }) => id !== lost) }, effects } };
    }),
  },
  {
    name: "ConnID and PreviousConnID are swapped in PartyChanged",
    caughtBy: "attributes",
    model: telling((event) => {
      const { message, attributes } = event;
      if (message !== "EventPartyChanged" || attributes.PreviousConnID === undefined) return [event];
      const { ConnID, PreviousConnID } = attributes;
      return [{ message, attributes: { ...attributes, ConnID: PreviousConnID, PreviousConnID: ConnID } }];
    }),
  },
  {
    name: "a call goes on with one party",
    caughtBy: "invariants",
    model: {
      ...model,
      step(call, input, now) {
        const answered = call.answeredMicros !== undefined && presentParties(call).length === 2;
        if (input.kind !== "party-released" || !answered) return model.step(call, input, now);
        const party = presentParties(call).find(({ id }) => id === input.party);
        return party === undefined ? { call, effects: [] } : left(call, party, input.cause);
      },
    },
  },
  {
    name: "the call that survives does not say which consultation became part of it",
    caughtBy: "attributes",
    model: merging((merged, { main }) => {
      const { call, effects } = merged.main;
      return { ...merged, main: { call: { ...call, previousConnId: main.previousConnId }, effects } };
    }),
  },
  {
    name: "a consultation's events do not say from which call it was begun",
    caughtBy: "attributes",
    model: telling((event) => {
      const { message, attributes } = event;
      if (message !== "EventDialing") return [event];
      const { PreviousConnID: _, ...rest } = attributes;
      return [{ message, attributes: rest }];
    }),
  },
  {
    name: "UserData of AttachedDataChanged are only what has changed",
    caughtBy: "user-data",
    model: telling((event) => {
      const { message, attributes } = event;
      if (message !== "EventAttachedDataChanged") return [event];
      const keys = attributes.ChangedKeys ?? [];
      const changed = Object.entries(attributes.UserData).filter(([key]) => keys.includes(key));
      return [{ message, attributes: { ...attributes, UserData: Object.fromEntries(changed) } }];
    }),
  },
  {
    name: "R22: a merge carries GSIP_ keys over",
    caughtBy: "user-data",
    model: merging((merged, { consult }) => {
      const { call, effects } = merged.main;
      const userData = { ...call.userData, ...consult.userData };
      return { ...merged, main: { call: { ...call, userData }, effects } };
    }),
  },
  {
    name: "Established is told twice",
    caughtBy: "automaton",
    model: telling((event) => (event.message === "EventEstablished" ? [event, event] : [event])),
  },
  {
    name: "a leg is left: whose call ends is not released",
    caughtBy: "legs",
    model: stepping(({ call, effects }) => ({
      call,
      effects: effects.filter(({ kind }) => kind !== "release-party"),
    })),
  },
  {
    name: "a transferred party's introduction names itself",
    caughtBy: "invariants",
    model: merging((merged) => {
      const { call, effects } = merged.main;
      const ids = new Set(merged.moved.values());
      const wrong = (party: Party): Party =>
        ids.has(party.id) && party.introduction !== undefined
          ? { ...party, introduction: { ...party.introduction, party: party.id } }
          : party;
      return { ...merged, main: { call: { ...call, parties: call.parties.map(wrong) }, effects } };
    }),
  },
  {
    name: "who holds is told, and the others too",
    caughtBy: "rows",
    model: {
      ...model,
      events: (before, call, effects) =>
        effects.flatMap((effect) => {
          const events = model.events(before, call, [effect]);
          if (effect.kind !== "party-changed" || effect.party.state !== "held") return events;
          const others = presentParties(call).filter(
            ({ id, state }) => id !== effect.party.id && state === "connected",
          );
          return [
            ...events,
            ...others.flatMap((party) =>
              model.events(before, call, [{ ...effect, party: { ...party, state: "held" } }]),
            ),
          ];
        }),
    },
  },
  {
    name: "in a conference a party sees one of the others as OtherDN",
    caughtBy: "attributes",
    model: {
      ...model,
      events: (before, call, effects) =>
        model.events(before, call, effects).map((event): PartyEvent => {
          const { message, attributes } = event;
          if (message !== "EventHeld" || !isConference(call)) return event;
          return { message, attributes: { ...attributes, OtherDN: call.parties[0]?.number ?? "" } };
        }),
    },
  },
];

function stepping(change: (step: CallStep) => CallStep): Model {
  return { ...model, step: (call, input, now) => change(model.step(call, input, now)) };
}

function merging(change: (merged: Merged, merge: Parameters<Model["merge"]>[0]) => Merged): Model {
  return {
    ...model,
    merge(merge, now) {
      const merged = model.merge(merge, now);
      return merged === undefined ? undefined : change(merged, merge);
    },
  };
}

function telling(change: (event: PartyEvent) => readonly PartyEvent[]): Model {
  return { ...model, events: (before, call, effects) => model.events(before, call, effects).flatMap(change) };
}

/** One party leaves, and nothing else happens. */
function left(call: CallStep["call"], party: Party, cause: string): CallStep {
  const gone: Party = { ...party, state: "released" };
  return {
    call: { ...call, parties: call.parties.map((one) => (one === party ? gone : one)) },
    effects: [{ kind: "party-changed", party: gone, from: party.state, cause }],
  };
}
