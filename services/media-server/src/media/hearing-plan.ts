import { AudioEffect } from "./audio-effect.ts";
import type { StreamSettings } from "./audio-types.ts";
import type { MixTerm } from "./audio-mix.ts";
import type { Conference } from "./conference.ts";
import type { Leg } from "./leg.ts";
import { isConference } from "./stream.ts";

/** Another phone that a leg hears, in whatever way. */
export interface Voice {
  readonly leg: Leg;
  /** What is done to it, in this order. */
  readonly settings: readonly StreamSettings[];
  /** It cannot be passed on as it comes. */
  readonly mixed: boolean;
  /** Its keys are passed on. */
  readonly keys: boolean;
}

/** Everybody whom a leg hears. */
export function voicesOf(leg: Leg): Voice[] {
  const voices: Voice[] = [];
  for (const { from, effect, monitor } of leg.incoming) {
    const keys = !monitor && effect.passesKeys;
    if (isConference(from)) gather(voices, { from, but: leg, settings: [effect.settings], mixed: false, keys });
    else voices.push({ leg: from, settings: [effect.settings], mixed: monitor, keys });
  }
  return voices;
}

/** Everybody who is heard in a conference, but for whom or which of those that speak in it. */
export function voicesIn(from: Conference, but: Leg | Conference | undefined): Voice[] {
  const voices: Voice[] = [];
  gather(voices, { from, but, settings: [], mixed: false, keys: true });
  return voices;
}

/** What is heard of a conference, and how that gets there. */
interface Way extends Omit<Voice, "leg"> {
  readonly from: Conference;
  readonly but: Leg | Conference | undefined;
}

function gather(voices: Voice[], first: Way): void {
  const ways = [first];
  // Each conference once, should its sound come round.
  const seen = new Set([first.from]);
  for (const way of ways) {
    const mixed = way.mixed || way.from.contending;
    for (const { from, effect, monitor } of way.from.incoming) {
      if (from === way.but && !monitor) continue;
      const settings = [effect.settings, ...way.settings];
      const keys = way.keys && !monitor && effect.passesKeys;
      if (!isConference(from)) voices.push({ leg: from, settings, mixed: mixed || monitor, keys });
      else if (!seen.has(from)) {
        seen.add(from);
        ways.push({ from, but: way.from, settings, mixed, keys });
      }
    }
  }
}

/** The parts of the mix that a leg hears. */
export function hearingTerms(leg: Leg): MixTerm[] {
  return leg.incoming.flatMap(({ from, effect, monitor }) => {
    if (monitor && !isConference(from)) return monitorTerms(from, effect.settings, leg);
    const effects = effect.neutral ? [] : [effect];
    return [{ source: from, without: isConference(from) ? leg : undefined, effects, unlessPlayed: undefined }];
  });
}

/** What a leg says and hears, for somebody else; without what `listener` says itself. */
export function monitorTerms(leg: Leg, settings: StreamSettings, listener: Leg | undefined): MixTerm[] {
  const effects = effectsOf(settings);
  return [
    { source: leg, without: undefined, effects, unlessPlayed: undefined },
    ...heardTerms(leg, settings, listener),
  ];
}

/** What a leg hears, for somebody else; without what `listener` says itself. */
export function heardTerms(leg: Leg, settings: StreamSettings, listener: Leg | undefined): MixTerm[] {
  const terms: MixTerm[] = [];
  for (const { from, monitor, effect } of leg.incoming) {
    if (monitor || from === listener) continue;
    const heard = effect.neutral ? effectsOf(settings) : [new AudioEffect(effect.settings), ...effectsOf(settings)];
    terms.push({ source: from, without: isConference(from) ? leg : undefined, effects: heard, unlessPlayed: leg });
  }
  terms.push({ source: { playedTo: leg }, without: undefined, effects: effectsOf(settings), unlessPlayed: undefined });
  return terms;
}

function effectsOf(settings: StreamSettings): AudioEffect[] {
  const effect = new AudioEffect(settings);
  return effect.neutral ? [] : [effect];
}
