import { RTP_HEADER } from "@sidetone/rtp";
import { SidetoneError } from "@sidetone/foundation";
import { AlertTrack } from "./alert-tone.ts";
import type { AlertTone, DigitOptions, PlayCommand, PlayOptions } from "./audio-types.ts";
import type { Conference } from "./conference.ts";
import { DigitSender } from "./digit-sender.ts";
import { encodeMix } from "./encode-mix.ts";
import type { FramePace } from "./frame-pace.ts";
import { kindOfCodec } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME, RELAY_STALE } from "./limits.ts";
import { OverlayTrack } from "./overlay-track.ts";
import { Player } from "./player.ts";
import { isConference } from "./stream.ts";
import { dtmfSamples } from "./tones.ts";

/** A play, and where it is heard. */
interface Play {
  readonly player: Player;
  readonly target: Leg | Conference;
  /** Undefined: instead of all else. */
  readonly track: OverlayTrack | undefined;
}

/** A play or keys that have ended by themselves. */
export interface EndedPlay {
  readonly id: number;
  readonly ms: number;
  readonly timeout: boolean;
}

/** What phones hear and nobody says: plays by number, keys, alert tones by name. */
export class Plays {
  readonly #plays = new Map<number, Play>();
  readonly #digits = new Map<number, DigitSender>();
  readonly #alerts = new Map<string, { readonly tone: AlertTrack; readonly legs: readonly Leg[] }>();
  /** Plays that have ended, of which the last moment is still to be heard. */
  #fading: readonly Play[] = [];
  /** The same, to be walked through without an iterator. */
  #playList: readonly Play[] = [];
  #digitList: readonly DigitSender[] = [];
  #alertList: readonly AlertTrack[] = [];
  /** Legs with something over what they hear. */
  #overlaid: readonly Leg[] = [];
  readonly #sum = new Int32Array(FRAME);
  readonly #out = new Uint8Array(RTP_HEADER + FRAME);
  /** What a replica of the others' side hears of this leg has changed. */
  readonly #onPrompts: (leg: Leg) => void;
  /** Nothing is played to a conference any more. */
  readonly #onIdle: (conference: Conference) => void;

  constructor(o: { readonly onPrompts: (leg: Leg) => void; readonly onIdle: (conference: Conference) => void }) {
    this.#onPrompts = o.onPrompts;
    this.#onIdle = o.onIdle;
  }

  /** How many things there are to do in a frame. */
  get busy(): number {
    return this.#plays.size + this.#digits.size + this.#alerts.size + this.#fading.length;
  }

  /** Throws "leg-playing" where the leg is played something already. */
  start(id: number, target: Leg | Conference, o: PlayOptions): void {
    const instead = !isConference(target) && o.mode !== "overlay";
    if (instead && target.player !== undefined) {
      throw new SidetoneError("leg-playing", `leg ${target.id} is played something already`);
    }
    const player = new Player(id, o);
    const play = { player, target, track: instead ? undefined : new OverlayTrack(o.capture) };
    if (instead) target.player = player;
    this.#plays.set(id, play);
    if (play.track !== undefined) target.tracks.push(play.track);
    this.#relist();
    this.#reach(target);
  }

  command(id: number, command: PlayCommand): boolean {
    const play = this.#plays.get(id);
    play?.player.command(command);
    return play !== undefined;
  }

  /** How much was played, ms; undefined where it has ended. */
  stop(id: number): number | undefined {
    const digits = this.#digits.get(id);
    if (digits !== undefined) {
      this.#digits.delete(id);
      this.#relist();
      return digits.playedMs;
    }
    const play = this.#plays.get(id);
    if (play === undefined) return undefined;
    this.#end(play);
    return play.player.playedMs;
  }

  /** Keys as telephone-events where the phone took them, else as tones. */
  sendDigits(id: number, leg: Leg, o: DigitOptions): void {
    if (leg.settings?.dtmfPayloadType !== undefined) {
      this.#digits.set(id, new DigitSender(id, leg, o));
      this.#relist();
      return;
    }
    const audio = dtmfSamples(o.digits, o.toneMs, o.intervalMs, o.levelDb);
    const mode = leg.player === undefined ? "instead" : "overlay";
    this.start(id, leg, { audio, iterations: 1, intervalMs: 0, capture: false, mode });
  }

  /** @param legs each once */
  setAlert(name: string, o: AlertTone | undefined, legs: readonly Leg[]): void {
    const before = this.#alerts.get(name);
    const concerned = new Set([...(before?.legs ?? []), ...legs]);
    for (const leg of before?.legs ?? []) drop(leg.tracks, before?.tone.track);
    if (o === undefined) this.#alerts.delete(name);
    else {
      const tone = new AlertTrack(o, before?.tone);
      for (const leg of legs) leg.tracks.push(tone.track);
      this.#alerts.set(name, { tone, legs });
    }
    this.#relist();
    for (const leg of concerned) this.refresh(leg);
  }

  /** Ends all that is played to a leg; nothing is told. */
  removeLeg(leg: Leg): void {
    for (const play of [...this.#plays.values(), ...this.#fading]) if (play.target === leg) this.#end(play);
    for (const digits of Array.from(this.#digits.values())) if (digits.leg === leg) this.#digits.delete(digits.id);
    for (const [name, { tone, legs }] of this.#alerts) {
      if (!legs.includes(leg)) continue;
      const left = legs.filter((one) => one !== leg);
      drop(leg.tracks, tone.track);
      if (left.length > 0) this.#alerts.set(name, { tone, legs: left });
      else this.#alerts.delete(name);
    }
    this.#relist();
    this.refresh(leg);
  }

  /** What a leg hears has changed: so may the conferences whose plays it hears. */
  refresh(leg: Leg): void {
    const before = leg.overlays;
    const heard = leg.incoming.flatMap(({ from }) => (isConference(from) ? from.heardTracks : []));
    leg.overlays = [...leg.tracks, ...heard];
    for (const track of before) if (!leg.overlays.includes(track)) drop(track.legs, leg);
    for (const track of leg.overlays) if (!track.legs.includes(leg)) track.legs.push(leg);
    const others = this.#overlaid.filter((one) => one !== leg);
    this.#overlaid = leg.overlays.length > 0 ? [...others, leg] : others;
    const captured = leg.overlays.filter(({ capture }) => capture);
    const prompts = leg.player?.capture === true ? [leg.player, ...captured] : captured;
    if (prompts.length === leg.prompts.length && prompts.every((one, i) => one === leg.prompts[i])) return;
    leg.prompts = prompts;
    this.#onPrompts(leg);
  }

  /** Makes the next frame of each. True where something has ended. */
  frame(pace: FramePace): boolean {
    let ended = false;
    for (let i = 0; i < this.#playList.length; i++) {
      const play = this.#playList[i];
      if (play === undefined || play.player.ended !== "no") continue;
      play.player.next();
      play.track?.write(pace.from, play.player.frame, play.player.made > 0);
      if (play.player.ended !== "no") ended = true;
    }
    for (let i = 0; i < this.#alertList.length; i++) this.#alertList[i]?.frame(pace);
    for (let i = 0; i < this.#digitList.length; i++) {
      const digits = this.#digitList[i];
      digits?.frame(pace);
      if (digits?.ended === true) ended = true;
    }
    for (let i = 0; i < this.#fading.length; i++) {
      if ((this.#fading[i]?.track?.until ?? 0) + RELAY_STALE < pace.from.position) ended = true;
    }
    return ended;
  }

  /** Sends the frame to those who hear it instead of all else, and overlays to those who hear nothing else now. */
  send(pace: FramePace): void {
    for (let i = 0; i < this.#playList.length; i++) {
      const play = this.#playList[i];
      if (play !== undefined && play.track === undefined) this.#sendInstead(play.player, play.target as Leg, pace);
    }
    for (let i = 0; i < this.#overlaid.length; i++) {
      const leg = this.#overlaid[i];
      if (leg === undefined || leg.player !== undefined || leg.hearing !== undefined) continue;
      if (leg.passage !== undefined && pace.now - leg.passage.passedAt <= RELAY_STALE) continue;
      if (leg.settings === undefined || !leg.overlaid(pace.from, FRAME)) continue;
      this.#sum.fill(0);
      leg.addOverlays(this.#sum, pace.from, FRAME);
      const kind = kindOfCodec(leg.settings.codec);
      encodeMix(kind, this.#sum, FRAME, this.#out);
      leg.sendMixed(kind, pace, this.#out, RTP_HEADER, FRAME);
    }
  }

  /** Takes out what has ended by itself. */
  takeEnded(now: number): EndedPlay[] {
    const ended: EndedPlay[] = [];
    for (const play of Array.from(this.#plays.values())) {
      const { player } = play;
      if (player.ended === "no") continue;
      ended.push({ id: player.id, ms: player.playedMs, timeout: player.ended === "timeout" });
      if (play.track === undefined) this.#end(play);
      else {
        this.#plays.delete(player.id);
        this.#fading = [...this.#fading, play];
      }
    }
    for (const digits of Array.from(this.#digits.values())) {
      if (!digits.ended) continue;
      this.#digits.delete(digits.id);
      ended.push({ id: digits.id, ms: digits.playedMs, timeout: false });
    }
    for (const play of this.#fading) {
      if ((play.track?.until ?? 0) + RELAY_STALE < now) this.#end(play);
    }
    this.#relist();
    return ended;
  }

  /** Plays of a conference that has ended. */
  removeConference(conference: Conference): void {
    for (const play of [...this.#plays.values(), ...this.#fading]) if (play.target === conference) this.#end(play);
  }

  #sendInstead(player: Player, leg: Leg, pace: FramePace): void {
    if (player.made === 0 || !leg.hearsOthers || leg.settings === undefined) return;
    for (let i = 0; i < FRAME; i++) this.#sum[i] = player.frame[i] ?? 0;
    if (leg.overlaid(pace.from, FRAME)) leg.addOverlays(this.#sum, pace.from, FRAME);
    const kind = kindOfCodec(leg.settings.codec);
    encodeMix(kind, this.#sum, FRAME, this.#out);
    leg.sendPlayed(kind, pace, this.#out, RTP_HEADER, FRAME);
    for (let i = 0; i < player.feeds.length; i++) {
      const feed = player.feeds[i];
      if (feed !== undefined && !feed.tap.paused) feed.input.putLinear(pace, player.frame, FRAME);
    }
    player.made = 0;
  }

  #end(play: Play): void {
    const { target, track, player } = play;
    this.#plays.delete(player.id);
    this.#fading = this.#fading.filter((one) => one !== play);
    if (track !== undefined) drop(target.tracks, track);
    else if (!isConference(target)) target.player = undefined;
    this.#relist();
    this.#reach(target);
    if (isConference(target)) this.#onIdle(target);
  }

  /** What a conference hears has changed: so may what is played to it. */
  takeTracks(conference: Conference): void {
    const heard = new Set([conference]);
    for (const { incoming } of heard) {
      for (const { from, effect } of incoming) if (isConference(from) && !effect.mute) heard.add(from);
    }
    conference.heardTracks = Array.from(heard).flatMap(({ tracks }) => tracks);
  }

  #reach(target: Leg | Conference): void {
    if (!isConference(target)) {
      this.refresh(target);
      return;
    }
    const reached = new Set<Leg | Conference>([target]);
    for (const node of reached) {
      if (!isConference(node)) continue;
      this.takeTracks(node);
      for (const { to } of node.outgoing) reached.add(to);
    }
    for (const node of reached) if (!isConference(node)) this.refresh(node);
  }

  #relist(): void {
    this.#playList = Array.from(this.#plays.values());
    this.#digitList = Array.from(this.#digits.values());
    this.#alertList = Array.from(this.#alerts.values(), ({ tone }) => tone);
  }
}

function drop<T>(list: T[], one: T | undefined): void {
  const at = one === undefined ? -1 : list.indexOf(one);
  if (at >= 0) list.splice(at, 1);
}
