import { isDeepStrictEqual } from "node:util";
import { answeredParties, type Call, presentParties } from "../call.ts";
import type { Change } from "./act.ts";
import { type Violation, violation } from "./model.ts";

/** What must be true of a call after every change, whatever it was. */
export function invariantViolation(change: Change): Violation | undefined {
  const { before, after, effects } = change;
  const wrong =
    wrongOfChange(before.call, after.call, change) ?? wrongOfCall(after.call) ?? wrongOfMerge(change) ?? undefined;
  if (wrong !== undefined) return violation("invariants", wrong);
  const phones = presentParties(after.call).filter(({ device }) => device === "phone");
  const expected = new Set(phones.map(({ id }) => id));
  if (!isDeepStrictEqual(expected, new Set(after.legs))) {
    return violation("legs", `phones up: ${list(after.legs)}, in the call: ${list(expected)}`);
  }
  const released = effects.flatMap((effect) => (effect.kind === "release-party" ? [effect.party] : []));
  const leavers = new Set(released);
  if (leavers.size !== released.length) return violation("legs", `released twice: ${released.join()}`);
  for (const id of leavers) {
    if (!presentParties(before.call).some((party) => party.id === id)) {
      return violation("legs", `${id} is released, which was not in the call`);
    }
    if ("party" in change.cause && change.cause.party === id) {
      return violation("legs", `${id} is released, which left by itself`);
    }
  }
  return undefined;
}

function wrongOfChange(before: Call, after: Call, { effects }: Change): string | undefined {
  const { cause: _, ...recording } = after.recording;
  const { cause: __, ...recordingBefore } = before.recording;
  const same = isDeepStrictEqual({ ...after, recording }, { ...before, recording: recordingBefore });
  if (before.endedMicros !== undefined && (!same || effects.length > 0)) return "a call that was over has changed";
  if (effects.length === 0 && !same) return "a call has changed, and nobody is told";
  if (
    effects.length > 0 &&
    same &&
    !effects.every(({ kind }) => kind === "recording-failed" || kind === "recording-recovered")
  ) {
    return `nothing has changed, and ${effects[0]?.kind ?? ""} is told`;
  }
  const lost = before.parties.find(({ id }) => !after.parties.some((party) => party.id === id));
  if (lost !== undefined) return `party ${lost.id} is not known any more`;
  const back = before.parties.find(
    ({ id, state }) => state === "released" && after.parties.some((party) => party.id === id && party.state !== state),
  );
  if (back !== undefined) return `party ${back.id} had left`;
  if (before.answeredMicros !== undefined && after.answeredMicros !== before.answeredMicros) return "answered again";
  const ends = effects.filter(({ kind }) => kind === "call-ended").length;
  if (ends !== (after.endedMicros === undefined || before.endedMicros !== undefined ? 0 : 1)) {
    return `call-ended is told ${ends} times`;
  }
  const answers = effects.filter(({ kind }) => kind === "call-answered").length;
  return answers === (after.answeredMicros === before.answeredMicros ? 0 : 1)
    ? undefined
    : `call-answered is told ${answers} times`;
}

function wrongOfCall(call: Call): string | undefined {
  const present = presentParties(call);
  const ids = new Set(call.parties.map(({ id }) => id));
  if (ids.size !== call.parties.length) return "two parties with one id";
  const dns = new Set(present.map(({ dn }) => dn));
  if (dns.size !== present.length) return "a phone is in the call twice";
  for (const { id, device, state, introduction } of present) {
    if (device === "routing-point" && state !== "dialing" && state !== "queued") return `routing point ${id} ${state}`;
    if (device === "phone" && state === "queued") return `phone ${id} ${state}`;
    const by = call.parties.find((party) => party.id === introduction?.party);
    if (introduction !== undefined && (by?.number !== introduction.number || by.id === id)) {
      return `${id} was brought in by ${introduction.party}, ${introduction.number}`;
    }
  }
  if (call.endedMicros !== undefined) {
    const on = call.recording.state === "On" || call.recording.state === "Paused";
    if (on) return `over, and the recording is ${call.recording.state}`;
    return present.length === 0 ? undefined : `over, and ${list(present.map(({ id }) => id))} is in it`;
  }
  if (call.parties.length === 0) return undefined;
  if (present.length === 0) return "goes on without anybody";
  if (!present.some(({ device }) => device === "phone")) return "goes on without a phone";
  if (call.answeredMicros === undefined) {
    return present.some(({ role }) => role === "origination") ? undefined : "rings without a caller";
  }
  if (present.length === 1) return `goes on with ${list(present.map(({ id }) => id))} alone`;
  return answeredParties(call).length > 0 ? undefined : "goes on, and nobody in it has answered";
}

function wrongOfMerge({ cause, before, after }: Change): string | undefined {
  if (cause.kind === "left") {
    if (after.call.endedMicros === undefined) return "a consultation goes on after the merge";
    const phones = presentParties(cause.consult).filter(
      ({ id, device }) => device === "phone" && id !== cause.party && !cause.moved.has(id),
    );
    return phones.length === 0 ? undefined : `${list(phones.map(({ id }) => id))} is lost by the merge`;
  }
  if (cause.kind !== "joined") return undefined;
  const newcomers = after.call.parties.filter(({ id }) => !before.call.parties.some((party) => party.id === id));
  const expected = Array.from(cause.moved, ([from, to]) => {
    const party = cause.consult.parties.find(({ id }) => id === from);
    return `${to} ${party?.dn ?? ""} ${party?.state ?? ""}`;
  });
  const found = newcomers.map(({ id, dn, state }) => `${id} ${dn} ${state}`);
  if (!isDeepStrictEqual(expected.toSorted(), found.toSorted())) {
    return `moved in: ${found.join()}, expected: ${expected.join()}`;
  }
  const wrong = newcomers.find(
    ({ introduction }) => introduction?.party !== cause.party || introduction.how !== cause.how,
  );
  if (wrong !== undefined) return `${wrong.id} was not brought in by who consulted`;
  const consulting = after.call.parties.find(({ id }) => id === cause.party)?.state;
  const stays = cause.how === "conference" ? "connected" : "released";
  return consulting === stays ? undefined : `who consulted is ${consulting ?? "unknown"} after the ${cause.how}`;
}

function list(ids: Iterable<string>): string {
  return Array.from(ids).toSorted().join();
}
