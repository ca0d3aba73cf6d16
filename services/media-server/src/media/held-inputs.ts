import type { Hold, MixTerm } from "./audio-mix.ts";
import type { Conference } from "./conference.ts";
import { heardTerms } from "./hearing-plan.ts";
import { DTMF } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { MIX_DELAY, MIX_MAX_JITTER, MIX_RING, RELAY_STALE } from "./limits.ts";
import { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";
import { isConference } from "./stream.ts";

const how = { ring: MIX_RING, delay: MIX_DELAY, jitter: MIX_MAX_JITTER } as const;

/** Phones that are decoded and conferences that are summed up, as long as somebody needs them. */
export class HeldInputs implements Hold {
  readonly #users = new Map<Leg, number>();
  #legs: readonly Leg[] = [];
  #conferences: readonly Conference[] = [];
  /** Whose voices a conference holds. */
  readonly #heldBy = new Map<Conference, readonly Leg[]>();
  readonly #nextFrame: () => Spot;
  /** Legs that nobody needs, to be given up at the end of a change. */
  readonly #parting = new Set<Leg>();
  #depth = 0;

  constructor(nextFrame: () => Spot) {
    this.#nextFrame = nextFrame;
  }

  /** Conferences that are summed up. */
  get summed(): number {
    return this.#conferences.length;
  }

  readonly acquire = (source: MixTerm["source"]): void => {
    if ("playedTo" in source) return;
    if (!("members" in source)) {
      this.#acquireLeg(source);
      return;
    }
    source.users++;
    if (source.users === 1) this.#settle(source);
  };

  readonly release = (source: MixTerm["source"]): void => {
    if ("playedTo" in source) return;
    if (!("members" in source)) {
      this.#releaseLeg(source);
      return;
    }
    source.users--;
    if (source.users === 0) this.#settle(source);
  };

  /** Who speaks in a conference has changed, or what is heard by those of whom it hears a copy. */
  takeMembers(conference: Conference): void {
    for (const { heard } of conference.takeMembers()) heard?.set([], this);
    this.#settle(conference);
    if (this.#heldBy.has(conference)) this.#listen(conference, true);
  }

  /** Nothing is given up until `done` has run: what is left and taken again in it goes on without a break. */
  during(done: () => void): void {
    this.#depth++;
    try {
      done();
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#part();
    }
  }

  /** Decodes the next frame of each and sums up. @param at its place on the engine's line */
  frame(at: Spot): void {
    for (let i = 0; i < this.#legs.length; i++) this.#legs[i]?.input?.next();
    for (let i = 0; i < this.#conferences.length; i++) this.#conferences[i]?.begin(at);
    for (let i = 0; i < this.#conferences.length; i++) this.#conferences[i]?.complete();
  }

  skipTo(at: Spot): void {
    for (const { input } of this.#legs) input?.skipTo(at);
  }

  /** Sums up those of the conferences joined to this one that somebody hears, in whatever way, and no others. */
  #settle(conference: Conference): void {
    const joined = new Set([conference]);
    for (const one of joined) for (const other of one.neighbours) joined.add(other);
    const heard = new Set(Array.from(joined).filter(({ users }) => users > 0));
    for (const one of heard) for (const { from } of one.incoming) if (isConference(from)) heard.add(from);
    for (const one of joined) {
      if (heard.has(one)) this.#hold(one);
      else if (this.#heldBy.has(one)) this.#giveUp(one);
    }
  }

  #hold(conference: Conference): void {
    const before = this.#heldBy.get(conference);
    const legs = conference.members.map(({ leg }) => leg).filter((leg) => leg !== undefined);
    this.#heldBy.set(conference, legs);
    for (const leg of legs) this.#acquireLeg(leg);
    for (const leg of before ?? []) this.#releaseLeg(leg);
    if (before !== undefined) return;
    this.#conferences = [...this.#conferences, conference];
    this.#listen(conference, true);
  }

  #giveUp(conference: Conference): void {
    const before = this.#heldBy.get(conference) ?? [];
    this.#heldBy.delete(conference);
    this.#conferences = this.#conferences.filter((one) => one !== conference);
    for (const leg of before) this.#releaseLeg(leg);
    this.#listen(conference, false);
  }

  /** To what those hear of whom it hears a copy. */
  #listen(conference: Conference, needed: boolean): void {
    for (const { heard, monitored } of conference.members) {
      if (heard !== undefined && monitored !== undefined) {
        heard.set(needed ? heardTerms(monitored, {}, undefined) : [], this);
      }
    }
  }

  #acquireLeg(leg: Leg): void {
    const users = this.#users.get(leg) ?? 0;
    this.#users.set(leg, users + 1);
    if (leg.input !== undefined) return;
    leg.input = beginInput(leg, this.#nextFrame());
    this.#legs = Array.from(this.#users.keys());
  }

  #releaseLeg(leg: Leg): void {
    const users = (this.#users.get(leg) ?? 0) - 1;
    this.#users.set(leg, users);
    if (users > 0) return;
    this.#parting.add(leg);
    if (this.#depth === 0) this.#part();
  }

  #part(): void {
    if (this.#parting.size === 0) return;
    for (const leg of this.#parting) {
      if ((this.#users.get(leg) ?? 0) > 0) continue;
      this.#users.delete(leg);
      leg.input = undefined;
    }
    this.#parting.clear();
    this.#legs = Array.from(this.#users.keys());
  }
}

/**
 * Begins to decode a phone. A mix is heard later than what was relayed until now: the time between is filled with the last moments once
 * more, so that there is no hole.
 */
function beginInput(leg: Leg, at: Spot): MixInput {
  const input = new MixInput(at, how);
  const { line } = leg;
  if (line.ssrc === undefined || at.position - line.end - line.lag > RELAY_STALE) return input;
  const offset = Math.round(line.lag) + MIX_DELAY;
  input.goOn(offset);
  leg.recall(at.position - offset - RELAY_STALE, (kind, _marker, position, data, from, length) => {
    if (kind !== DTMF) input.put(kind, { position: position + offset }, data, from, length);
  });
  return input;
}
