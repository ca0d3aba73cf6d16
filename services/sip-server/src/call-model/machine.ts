import type { Call, Party, PartyState, RecordingState, UserData } from "./call.ts";
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
  | { readonly kind: "party-released"; readonly party: string; readonly cause: string }
  /** A client's change, judged by `changedByClient`. `by`: DN of who asked for it. */
  | { readonly kind: "user-data"; readonly changed: ChangedUserData; readonly by: string }
  | {
      readonly kind: "recording";
      readonly state: Exclude<RecordingState, "absent">;
      readonly id?: string;
      readonly fileName?: string;
      readonly cause: string;
    }
  /** R23: it was accepted, and failed or broke. */
  | { readonly kind: "recording-failed"; readonly reason: string; readonly recordDn: string };

/** What the model wants done or told. */
export type CallEffect =
  | { readonly kind: "party-added"; readonly party: Party }
  | { readonly kind: "party-changed"; readonly party: Party; readonly from: PartyState; readonly cause: string }
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
  | { readonly kind: "release-party"; readonly party: string; readonly cause: string }
  | { readonly kind: "call-ended"; readonly cause: string };

export interface CallStep {
  readonly call: Call;
  readonly effects: readonly CallEffect[];
}

const legal: Readonly<Record<PartyState, readonly PartyState[]>> = {
  dialing: ["ringing", "connected", "released"],
  ringing: ["connected", "released"],
  connected: ["held", "released"],
  held: ["connected", "released"],
  released: [],
};

/**
 * The call model: `(call, input, now) → (call, effects)`. Pure. An input that the state does not allow changes nothing
 * and has no effects: phones repeat and cross their messages.
 */
export function stepCall(call: Call, input: CallInput, nowMicros: number): CallStep {
  if (call.endedMicros !== undefined) return unchanged(call);
  switch (input.kind) {
    case "party-added":
      if (call.parties.some((party) => party.id === input.party.id)) return unchanged(call);
      return {
        call: { ...call, parties: [...call.parties, input.party] },
        effects: [{ kind: "party-added", party: input.party }],
      };
    case "party-ringing":
      return move(call, input.party, "ringing", "alerting");
    case "party-answered":
      return answered(call, input, nowMicros);
    case "party-held":
      return move(call, input.party, "held", "held");
    case "party-retrieved":
      return move(call, input.party, "connected", "retrieved");
    case "party-released":
      return released(call, input.party, input.cause, nowMicros);
    case "user-data":
      return withUserData(call, input.changed, input.by);
    case "recording":
      return recording(call, input);
    case "recording-failed":
      return { call, effects: [input] };
  }
}

function unchanged(call: Call): CallStep {
  return { call, effects: [] };
}

function move(call: Call, id: string, state: PartyState, cause: string): CallStep {
  const party = call.parties.find((p) => p.id === id);
  if (party === undefined || !legal[party.state].includes(state)) return unchanged(call);
  const moved: Party = { ...party, state };
  return {
    call: { ...call, parties: call.parties.map((p) => (p.id === id ? moved : p)) },
    effects: [{ kind: "party-changed", party: moved, from: party.state, cause }],
  };
}

/** The called party's answer connects the caller too; a caller cannot be connected before. */
function answered(call: Call, input: Extract<CallInput, { kind: "party-answered" }>, nowMicros: number): CallStep {
  const joining = call.parties.filter(
    ({ id, role, state }) =>
      id === input.party || (role === "origination" && (state === "dialing" || state === "ringing")),
  );
  const [answering] = joining.filter(({ id }) => id === input.party);
  if (answering === undefined || !legal[answering.state].includes("connected") || answering.state === "held") {
    return unchanged(call);
  }
  const effects: CallEffect[] = [];
  let next = call;
  for (const party of [answering, ...joining.filter((one) => one !== answering)]) {
    const known = { ...party, ...input.facts?.get(party.id) };
    const connected = move(
      { ...next, parties: next.parties.map((one) => (one.id === party.id ? known : one)) },
      party.id,
      "connected",
      "answered",
    );
    next = connected.call;
    effects.push(...connected.effects);
  }
  if (next.answeredMicros === undefined) {
    next = { ...next, answeredMicros: nowMicros };
    effects.push({ kind: "call-answered" });
  }
  return { call: next, effects };
}

/** A two-party call ends with either party; the other is released with it. `Off` comes before that (R21). */
function released(call: Call, id: string, cause: string, nowMicros: number): CallStep {
  const party = call.parties.find((p) => p.id === id);
  if (party === undefined || party.state === "released") return unchanged(call);
  const remaining = call.parties.filter((p) => p.id !== id && p.state !== "released");
  if (remaining.length > 1) return move(call, id, "released", cause);
  const effects: CallEffect[] = [];
  let next = call;
  if (call.recording.state === "On" || call.recording.state === "Paused") {
    const off = recording(call, { kind: "recording", state: "Off", cause: "end-of-call" });
    next = off.call;
    effects.push(...off.effects);
  }
  for (const leaving of [party, ...remaining]) {
    const step = move(next, leaving.id, "released", cause);
    next = step.call;
    effects.push(...step.effects);
    if (leaving.id !== id) effects.push({ kind: "release-party", party: leaving.id, cause });
  }
  effects.push({ kind: "call-ended", cause });
  return { call: { ...next, endedMicros: nowMicros }, effects };
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
