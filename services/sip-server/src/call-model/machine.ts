import {
  answeredParties,
  type Call,
  type Introduction,
  isConference,
  type Party,
  type PartyState,
  presentParties,
  type RecordingState,
  type UserData,
} from "./call.ts";
import type { KVList } from "@sidetone/tlib";
import { type ChangedUserData, withPairs } from "./user-data.ts";

/** What may have changed between a party's call and its answer (R1, R6). */
export type PartyFacts = Pick<Party, "agentId" | "recorded">;

/** What happens to a call, whoever caused it: a phone, a timer, the Media Server. */
export type CallInput =
  | { readonly kind: "party-added"; readonly party: Party }
  | { readonly kind: "party-ringing"; readonly party: string }
  /** `facts` of parties that are connected by it, as they are now. */
  | { readonly kind: "party-answered"; readonly party: string; readonly facts?: ReadonlyMap<string, PartyFacts> }
  | { readonly kind: "party-held"; readonly party: string }
  | { readonly kind: "party-retrieved"; readonly party: string }
  /** `by`: the party that put it out (RequestDeleteFromConference). */
  | { readonly kind: "party-released"; readonly party: string; readonly cause: string; readonly by?: string }
  /** The call waits at a routing point. */
  | { readonly kind: "party-queued"; readonly party: string }
  /** The routing point's call goes to `target`, which is being rung. */
  | {
      readonly kind: "party-routed";
      readonly party: string;
      readonly target: Party;
      /** What the strategy is told besides (R2: what of its wishes is ignored). */
      readonly extensions?: KVList | undefined;
    }
  /** Single-step transfer: `party` leaves, `target`, which is being rung, comes in its place. */
  | { readonly kind: "party-transferred"; readonly party: string; readonly target: Party }
  /** A client's change, judged by `changedByClient`. `by`: DN of who asked for it. */
  | { readonly kind: "user-data"; readonly changed: ChangedUserData; readonly by: string | undefined }
  | {
      readonly kind: "recording";
      readonly state: Exclude<RecordingState, "absent">;
      readonly id?: string;
      readonly fileName?: string;
      readonly cause: string;
    }
  /** R23: it was accepted, and failed or broke. */
  | { readonly kind: "recording-failed"; readonly reason: string; readonly recordDn: string }
  /** R23, R30: it broke, and goes on with `gapMs` missing. */
  | {
      readonly kind: "recording-recovered";
      readonly reason: string;
      readonly gapMs: number;
      readonly recordDn: string;
    };

/** What the model wants done or told. */
export type CallEffect =
  | { readonly kind: "party-added"; readonly party: Party }
  | { readonly kind: "party-changed"; readonly party: Party; readonly from: PartyState; readonly cause: string }
  /** A routing point let the call go to `target`. */
  | {
      readonly kind: "party-routed";
      readonly party: Party;
      readonly target: Party;
      readonly extensions: KVList | undefined;
    }
  /** `party`, which stays, has `newcomer` in the place of who transferred the call. */
  | { readonly kind: "party-replaced"; readonly party: Party; readonly newcomer: Party; readonly by: Introduction }
  /** `party`, which stays, has one more in its conference. */
  | { readonly kind: "party-joined"; readonly party: Party; readonly newcomer: Party; readonly by: Introduction }
  /** `party`, which stays, has one less in its conference. `by`: who put it out. */
  | { readonly kind: "party-left"; readonly party: Party; readonly leaver: Party; readonly by: Party | undefined }
  /** `party` came here from the consultation `previousConnId`, by a transfer or into a conference. */
  | { readonly kind: "party-moved-in"; readonly party: Party; readonly by: Introduction }
  /** `party` goes on in the call that survives. */
  | { readonly kind: "party-moved-out"; readonly party: Party }
  | {
      readonly kind: "user-data-changed";
      readonly userData: UserData;
      readonly keys: readonly string[];
      /** DN of the client that changed them; undefined where SIP Server did. */
      readonly by: string | undefined;
    }
  | { readonly kind: "call-answered" }
  /** R23: for EventPrivateInfo. */
  | { readonly kind: "recording-failed"; readonly reason: string; readonly recordDn: string }
  | {
      readonly kind: "recording-recovered";
      readonly reason: string;
      readonly gapMs: number;
      readonly recordDn: string;
    }
  | { readonly kind: "release-party"; readonly party: string; readonly cause: string }
  | { readonly kind: "call-ended"; readonly cause: string };

export interface CallStep {
  readonly call: Call;
  readonly effects: readonly CallEffect[];
}

const legal: Readonly<Record<PartyState, readonly PartyState[]>> = {
  dialing: ["ringing", "queued", "connected", "released"],
  ringing: ["connected", "released"],
  queued: ["released"],
  connected: ["held", "released"],
  held: ["connected", "released"],
  released: [],
};

/**
 * The call model: `(call, input, now) → (call, effects)`. Pure. An input that the state does not allow changes nothing
 * and has no effects: phones repeat and cross their messages. Two calls that become one are `mergeCalls`.
 */
export function stepCall(call: Call, input: CallInput, nowMicros: number): CallStep {
  if (call.endedMicros !== undefined) return unchanged(call);
  switch (input.kind) {
    case "party-added":
      if (call.parties.some((party) => party.id === input.party.id)) return unchanged(call);
      return added(call, input.party);
    case "party-ringing":
      return phone(call, input.party) ? move(call, input.party, "ringing", "alerting") : unchanged(call);
    case "party-queued":
      return phone(call, input.party) ? unchanged(call) : move(call, input.party, "queued", "queued");
    case "party-routed":
      return routed(call, input);
    case "party-transferred":
      return transferred(call, input, nowMicros);
    case "party-answered":
      return answered(call, input, nowMicros);
    case "party-held":
      return move(call, input.party, "held", "held");
    case "party-retrieved":
      return stateOf(call, input.party) === "held"
        ? move(call, input.party, "connected", "retrieved")
        : unchanged(call);
    case "party-released":
      return released(call, input, nowMicros);
    case "user-data":
      return withUserData(call, input.changed, input.by);
    case "recording":
      return recording(call, input);
    case "recording-failed":
    case "recording-recovered":
      return { call, effects: [input] };
  }
}

function unchanged(call: Call): CallStep {
  return { call, effects: [] };
}

function stateOf(call: Call, id: string): PartyState | undefined {
  return call.parties.find((party) => party.id === id)?.state;
}

function phone(call: Call, id: string): boolean {
  return call.parties.find((party) => party.id === id)?.device === "phone";
}

function added(call: Call, party: Party): CallStep {
  return { call: { ...call, parties: [...call.parties, party] }, effects: [{ kind: "party-added", party }] };
}

/** Moves one party; nothing where its state does not allow it. */
export function move(call: Call, id: string, state: PartyState, cause: string): CallStep {
  const party = call.parties.find((p) => p.id === id);
  if (party === undefined || !legal[party.state].includes(state)) return unchanged(call);
  const moved: Party = { ...party, state };
  return {
    call: { ...call, parties: call.parties.map((p) => (p.id === id ? moved : p)) },
    effects: [{ kind: "party-changed", party: moved, from: party.state, cause }],
  };
}

/** One step after another, each on what the one before made. */
export function inTurn(call: Call, ...steps: readonly ((call: Call) => CallStep)[]): CallStep {
  const effects: CallEffect[] = [];
  let current = call;
  for (const step of steps) {
    const next = step(current);
    current = next.call;
    effects.push(...next.effects);
  }
  return { call: current, effects };
}

/** The called party's answer connects the caller too; a caller is connected before by what answers it while it waits. */
function answered(call: Call, input: Extract<CallInput, { kind: "party-answered" }>, nowMicros: number): CallStep {
  const answering = call.parties.find(({ id }) => id === input.party);
  if (answering?.state !== "dialing" && answering?.state !== "ringing") return unchanged(call);
  if (answering.device !== "phone") return unchanged(call);
  // A caller is answered by whom it called, or where it waits.
  const waits = call.parties.some(({ state }) => state === "queued");
  if (answering.role === "origination" && !waits) return unchanged(call);
  const callers = call.parties.filter(
    ({ id, role, state }) =>
      id !== input.party && role === "origination" && (state === "dialing" || state === "ringing"),
  );
  const others = answeredParties(call);
  const connect = (party: Party) => (now: Call) => {
    const known = { ...party, ...input.facts?.get(party.id) };
    const with_ = now.parties.map((one) => (one.id === party.id ? known : one));
    return move({ ...now, parties: with_ }, party.id, "connected", "answered");
  };
  return inTurn(
    call,
    ...[answering, ...callers].map(connect),
    (now) =>
      now.answeredMicros === undefined
        ? { call: { ...now, answeredMicros: nowMicros }, effects: [{ kind: "call-answered" }] }
        : unchanged(now),
    (now) => introduced(now, input.party, others),
  );
}

/** Who was there is told of who came, by a transfer or into the conference. */
function introduced(call: Call, id: string, others: readonly Party[]): CallStep {
  const newcomer = call.parties.find((party) => party.id === id);
  const by = newcomer?.introduction;
  // Whom a routing point chose is called by who waits: both hear of it as of any answer.
  if (newcomer === undefined || by === undefined || by.how === "route") return unchanged(call);
  const kind = by.how === "transfer" ? "party-replaced" : "party-joined";
  // Who brought it in hears of it last.
  const inOrder = others.toSorted((x, y) => Number(x.id === by.party) - Number(y.id === by.party));
  return { call, effects: inOrder.map((party): CallEffect => ({ kind, party, newcomer, by })) };
}

function routed(call: Call, input: Extract<CallInput, { kind: "party-routed" }>): CallStep {
  const { party: id, extensions } = input;
  const point = call.parties.find((party) => party.id === id);
  if (point?.state !== "queued" || call.parties.some((party) => party.id === input.target.id)) return unchanged(call);
  const by: Introduction = { how: "route", party: point.id, number: point.number };
  const target = call.answeredMicros === undefined ? input.target : { ...input.target, introduction: by };
  const left: Party = { ...point, state: "released" };
  const parties = [...call.parties.map((party) => (party === point ? left : party)), target];
  return {
    call: { ...call, parties },
    effects: [
      { kind: "party-routed", party: left, target, extensions },
      { kind: "party-changed", party: left, from: "queued", cause: "diverted" },
      { kind: "party-added", party: target },
    ],
  };
}

function transferred(
  call: Call,
  { party: id, target }: Extract<CallInput, { kind: "party-transferred" }>,
  nowMicros: number,
): CallStep {
  const leaver = answeredParties(call).find((party) => party.id === id);
  if (leaver === undefined || call.parties.some((party) => party.id === target.id)) return unchanged(call);
  const by: Introduction = { how: "transfer", party: leaver.id, number: leaver.number };
  const arriving: Party = { ...target, introduction: by };
  // Whom it would be transferred to has nobody to talk to.
  if (answeredParties(call).length < 2)
    return released(call, { kind: "party-released", party: id, cause: "released" }, nowMicros);
  return inTurn(
    call,
    (now) => move(now, id, "released", "transferred"),
    (now) => added(now, arriving),
  );
}

/** Whether a call goes on with these parties: nobody is left alone, and before the answer nobody without the caller. */
function goesOn(call: Call, remaining: readonly Party[]): boolean {
  if (remaining.length < 2) return false;
  if (call.answeredMicros === undefined) return remaining.some(({ role }) => role === "origination");
  return remaining.some(({ state }) => state === "connected" || state === "held");
}

/** A party leaves; who would be alone then is released with it. `Off` comes before the end of the call (R21). */
function released(call: Call, input: Extract<CallInput, { kind: "party-released" }>, nowMicros: number): CallStep {
  const { party: id, cause } = input;
  const party = presentParties(call).find((p) => p.id === id);
  if (party === undefined) return unchanged(call);
  const remaining = presentParties(call).filter((p) => p.id !== id);
  if (goesOn(call, remaining)) {
    const conference = isConference(call) && (party.state === "connected" || party.state === "held");
    const by = call.parties.find((p) => p.id === input.by);
    const told = conference ? answeredParties(call).filter((p) => p.id !== id) : [];
    return inTurn(
      call,
      (now) => move(now, id, "released", cause),
      (now) => ({
        call: now,
        effects: told.map((other): CallEffect => ({ kind: "party-left", party: other, leaver: party, by })),
      }),
    );
  }
  return ended(call, [party, ...remaining], cause, nowMicros, (leaving) => leaving.id !== id);
}

/** Ends a call: its recording is off first, then its parties leave in this order. */
export function ended(
  call: Call,
  leaving: readonly Party[],
  cause: string,
  nowMicros: number,
  told: (party: Party) => boolean,
): CallStep {
  const step = inTurn(
    call,
    (now) =>
      now.recording.state === "On" || now.recording.state === "Paused"
        ? recording(now, { kind: "recording", state: "Off", cause: "end-of-call" })
        : unchanged(now),
    ...leaving.map((party) => (now: Call): CallStep => {
      const left = move(now, party.id, "released", cause);
      if (!told(party)) return left;
      return { call: left.call, effects: [...left.effects, { kind: "release-party", party: party.id, cause }] };
    }),
  );
  return {
    call: { ...step.call, endedMicros: nowMicros },
    effects: [...step.effects, { kind: "call-ended", cause }],
  };
}

function withUserData(call: Call, { userData, keys }: ChangedUserData, by: string | undefined): CallStep {
  if (keys.length === 0) return unchanged(call);
  return { call: { ...call, userData }, effects: [{ kind: "user-data-changed", userData, keys, by }] };
}

/** R20, R21: `GSIP_REC_FN` once, for the rest of the call; `GSIP_RECORD` at every change. */
function recording(call: Call, input: Extract<CallInput, { kind: "recording" }>): CallStep {
  const before = call.recording;
  if (before.state === "absent" && input.state === "Off") return unchanged(call);
  const indication = {
    state: input.state,
    id: input.id ?? before.id,
    fileName: input.fileName ?? before.fileName,
    cause: input.cause,
  };
  const update: Record<string, string> = { GSIP_RECORD: input.state };
  if (indication.fileName !== undefined) update["GSIP_REC_FN"] = indication.fileName;
  return withUserData({ ...call, recording: indication }, withPairs(call.userData, update), undefined);
}
