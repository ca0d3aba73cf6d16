import { SidetoneError } from "@sidetone/foundation";
import { AudioEffect } from "./audio-effect.ts";
import type { ConferenceOptions, StreamSettings } from "./audio-types.ts";
import { ComfortNoise } from "./comfort-noise.ts";
import { Conference } from "./conference.ts";
import type { FramePace } from "./frame-pace.ts";
import { HearingMix } from "./hearing-mix.ts";
import type { HeldInputs } from "./held-inputs.ts";
import { hearingTerms, type Voice, voicesOf } from "./hearing-plan.ts";
import type { Leg } from "./leg.ts";
import { MAX_CONFERENCE } from "./limits.ts";
import { Passage, PassageRoom } from "./passage.ts";
import { isConference, Stream } from "./stream.ts";

/**
 * Who hears whom: streams between legs, conferences, and one conference and another. Of each leg it follows what it hears and how: nothing, one other phone's packets
 * as they come (`Passage`), or a mix of several (`HearingMix`). A change reaches those only whom it concerns.
 */
export class Streams {
  readonly #conferences = new Map<string, Conference>();
  readonly #held: HeldInputs;
  readonly #comfort: ComfortNoise;
  readonly #room = new PassageRoom();
  /** To be walked through without an iterator. */
  #mixes: readonly HearingMix[] = [];
  /** Told of every leg and conference that hears something else now, conferences first. */
  readonly #onHearing: (node: Leg | Conference) => void;

  constructor(o: {
    readonly held: HeldInputs;
    /** 0 to 1. */
    readonly random: () => number;
    readonly onHearing: (node: Leg | Conference) => void;
  }) {
    this.#held = o.held;
    this.#comfort = new ComfortNoise(o.random);
    this.#onHearing = o.onHearing;
  }

  /** Phones that hear a mix. */
  get mixes(): number {
    return this.#mixes.length;
  }

  find(name: string): Conference | undefined {
    return this.#conferences.get(name);
  }

  /** The conference of a name, a new one where there is none. */
  conference(name: string): Conference {
    let known = this.#conferences.get(name);
    if (known === undefined) {
      known = new Conference(name, this.#comfort);
      this.#conferences.set(name, known);
    }
    return known;
  }

  configure(name: string, options: ConferenceOptions): void {
    const conference = this.conference(name);
    conference.configure(options);
    this.#replan(concernedBy([conference]));
  }

  set(from: Leg | Conference, to: Leg | Conference, settings: StreamSettings, monitor: boolean): void {
    if (from === to) throw new SidetoneError("bad-audio", "a stream goes to another leg or conference");
    const known = find(from, to, monitor);
    if (known !== undefined) known.effect = new AudioEffect(settings);
    else {
      if (isConference(to) && to.incoming.length >= MAX_CONFERENCE) {
        throw new SidetoneError("bad-audio", `conference ${to.name} has ${MAX_CONFERENCE} inputs already`);
      }
      add(from, to, settings, monitor);
    }
    this.#changed([from, to]);
  }

  end(from: Leg | Conference, to: Leg | Conference, monitor: boolean): void {
    const known = find(from, to, monitor);
    if (known === undefined) return;
    remove(known);
    for (const node of [from, to]) if (!isConference(node)) leaveRoom(node);
    this.#changed([from, to]);
    for (const node of [from, to]) if (isConference(node)) this.forgetEmpty(node);
  }

  /** Throws "leg-connected" where one has another peer or is in a conference. */
  connect(first: Leg, second: Leg): void {
    if (first === second) throw new SidetoneError("leg-connected", `leg ${first.id} cannot be connected to itself`);
    if (first.peer === second) return;
    for (const leg of [first, second]) {
      if (leg.peer !== undefined) {
        throw new SidetoneError("leg-connected", `leg ${leg.id} is connected to leg ${leg.peer.id}`);
      }
      if (leg.room !== undefined) throw new SidetoneError("leg-connected", `leg ${leg.id} is in a conference`);
    }
    first.peer = second;
    second.peer = first;
    for (const [from, to] of [
      [first, second],
      [second, first],
    ] as const) {
      if (find(from, to, false) === undefined) add(from, to, {}, false);
    }
    this.#changed([first, second]);
  }

  disconnect(first: Leg, second: Leg): void {
    if (first.peer !== second) return;
    unpeer(first);
    this.#changed([first, second]);
  }

  /**
   * Makes these the members, both ways, in whatever way it takes. Throws "leg-connected" where a leg is busy elsewhere; nothing has
   * changed then.
   */
  setMembers(name: string, legs: readonly Leg[]): void {
    const known = this.#conferences.get(name);
    for (const leg of legs) {
      const elsewhere =
        leg.room === undefined ? leg.peer !== undefined && !legs.includes(leg.peer) : leg.room !== known;
      if (elsewhere) throw new SidetoneError("leg-connected", `leg ${leg.id} is connected elsewhere`);
    }
    if (legs.length > MAX_CONFERENCE) {
      throw new SidetoneError("bad-audio", `a conference has ${MAX_CONFERENCE} members at most`);
    }
    if (legs.length === 0) {
      if (known !== undefined) this.#end(known);
      return;
    }
    const conference = this.conference(name);
    const changed = new Set<Leg | Conference>([conference, ...legs]);
    for (const { from: leg } of Array.from(conference.incoming)) {
      if (isConference(leg) || leg.room !== conference || legs.includes(leg)) continue;
      for (const stream of [find(leg, conference, false), find(conference, leg, false)]) {
        if (stream !== undefined) remove(stream);
      }
      leg.room = undefined;
      changed.add(leg);
    }
    for (const leg of legs) {
      unpeer(leg);
      leg.room = conference;
      if (find(leg, conference, false) === undefined) add(leg, conference, {}, false);
      if (find(conference, leg, false) === undefined) add(conference, leg, {}, false);
    }
    this.#changed(Array.from(changed));
  }

  /** Ends all that a leg says and hears. */
  removeLeg(leg: Leg): void {
    const nodes = new Set<Leg | Conference>([leg]);
    unpeer(leg);
    leg.room = undefined;
    for (const stream of [...leg.incoming, ...leg.outgoing]) {
      remove(stream);
      nodes.add(stream.from);
      nodes.add(stream.to);
    }
    this.#changed(Array.from(nodes));
    for (const node of nodes) if (isConference(node)) this.forgetEmpty(node);
  }

  /** A conference ends that nobody speaks in or hears, and that nothing is set of. */
  forgetEmpty(conference: Conference): void {
    const { incoming, outgoing, tracks, users, options } = conference;
    if (incoming.length + outgoing.length + tracks.length + users > 0 || Object.keys(options).length > 0) return;
    if (this.#conferences.get(conference.name) === conference) this.#conferences.delete(conference.name);
  }

  frame(pace: FramePace): void {
    for (let i = 0; i < this.#mixes.length; i++) this.#mixes[i]?.frame(pace);
  }

  #end(conference: Conference): void {
    const nodes = new Set<Leg | Conference>([conference]);
    for (const stream of [...conference.incoming, ...conference.outgoing]) {
      remove(stream);
      for (const node of [stream.from, stream.to]) {
        nodes.add(node);
        if (!isConference(node) && node.room === conference) node.room = undefined;
      }
    }
    this.#changed(Array.from(nodes));
    this.#conferences.delete(conference.name);
    for (const node of nodes) if (isConference(node) && node !== conference) this.forgetEmpty(node);
  }

  /** Streams of these have changed: all who hear them hear something else. */
  #changed(nodes: readonly (Leg | Conference)[]): void {
    this.#replan(concernedBy(nodes));
  }

  #replan(nodes: ReadonlySet<Leg | Conference>): void {
    const conferences = Array.from(nodes).filter(isConference);
    const legs = Array.from(nodes).filter((node): node is Leg => !isConference(node));
    this.#held.during(() => {
      for (const conference of conferences) this.#held.takeMembers(conference);
      for (const leg of legs) this.#plan(leg);
    });
    for (const conference of conferences) this.#onHearing(conference);
    for (const leg of legs) this.#onHearing(leg);
  }

  #plan(leg: Leg): void {
    const voices = voicesOf(leg);
    const [only] = voices;
    const alone = voices.length === 1 && only?.mixed === false ? only : undefined;
    this.#pass(leg, alone);
    this.#mix(leg, alone === undefined && voices.length > 0 ? voices : []);
  }

  /** Packets of one other phone as they come, or of none. */
  #pass(leg: Leg, voice: Voice | undefined): void {
    const before = leg.passage;
    if (before?.from !== voice?.leg) {
      if (before !== undefined) before.from.passages.splice(before.from.passages.indexOf(before), 1);
      leg.passage = undefined;
      if (voice === undefined) return;
      leg.passage = new Passage(voice.leg, leg, this.#room);
      voice.leg.passages.push(leg.passage);
      leg.output.begin();
    }
    const passage = leg.passage;
    if (passage === undefined || voice === undefined) return;
    const wanted = voice.settings.map((settings) => new AudioEffect(settings)).filter(({ neutral }) => !neutral);
    const same =
      wanted.length === passage.effects.length &&
      wanted.every(({ settings }, i) => settings === passage.effects[i]?.settings);
    if (!same) passage.effects = wanted;
  }

  #mix(leg: Leg, voices: readonly Voice[]): void {
    const before = leg.hearing;
    for (const other of before?.keyed ?? []) other.keyTargets.splice(other.keyTargets.indexOf(leg), 1);
    if (voices.length === 0) {
      if (before === undefined) return;
      before.mix.set([], this.#held);
      leg.hearing = undefined;
      this.#mixes = this.#mixes.filter((one) => one !== before);
      return;
    }
    const hearing = before ?? new HearingMix(leg);
    hearing.mix.set(hearingTerms(leg), this.#held);
    hearing.keyed = Array.from(new Set(voices.filter(({ keys }) => keys).map((voice) => voice.leg)));
    for (const other of hearing.keyed) other.keyTargets.push(leg);
    if (before !== undefined) return;
    leg.hearing = hearing;
    this.#mixes = [...this.#mixes, hearing];
  }
}

/** These, and all who hear something else where they do: who hears them in a conference or one joined to it, and who monitors such a leg. */
function concernedBy(nodes: readonly (Leg | Conference)[]): Set<Leg | Conference> {
  const concerned = new Set(nodes);
  for (const node of concerned) {
    for (const { to, monitor } of node.outgoing) if (monitor || isConference(node)) concerned.add(to);
  }
  return concerned;
}

function find(from: Leg | Conference, to: Leg | Conference, monitor: boolean): Stream | undefined {
  return from.outgoing.find((stream) => stream.to === to && stream.monitor === monitor);
}

function add(from: Leg | Conference, to: Leg | Conference, settings: StreamSettings, monitor: boolean): void {
  const stream = new Stream(from, to, settings, monitor);
  from.outgoing.push(stream);
  to.incoming.push(stream);
}

function remove(stream: Stream): void {
  for (const list of [stream.from.outgoing, stream.to.incoming]) {
    const at = list.indexOf(stream);
    if (at >= 0) list.splice(at, 1);
  }
}

/** Who neither speaks in its conference nor hears it is no member any more. */
function leaveRoom(leg: Leg): void {
  const { room } = leg;
  if (room !== undefined && find(leg, room, false) === undefined && find(room, leg, false) === undefined) {
    leg.room = undefined;
  }
}

/** Ends the connection of a leg to its peer. */
function unpeer(leg: Leg): void {
  const { peer } = leg;
  if (peer === undefined) return;
  leg.peer = undefined;
  peer.peer = undefined;
  for (const stream of [find(leg, peer, false), find(peer, leg, false)]) if (stream !== undefined) remove(stream);
}
