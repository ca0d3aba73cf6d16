import { AudioEffect } from "./audio-effect.ts";
import type { StreamSettings } from "./audio-types.ts";
import type { MixTerm } from "./audio-mix.ts";
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
    if (isConference(from)) {
      for (const said of from.incoming) {
        const other = said.from as Leg;
        if (other === leg) continue;
        const settings = [said.effect.settings, effect.settings];
        const keys = !monitor && said.effect.passesKeys && effect.passesKeys;
        voices.push({ leg: other, settings, mixed: from.contending, keys });
      }
    } else {
      const keys = !monitor && effect.passesKeys;
      voices.push({ leg: from, settings: [effect.settings], mixed: monitor, keys });
    }
  }
  return voices;
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
  const effects = (): AudioEffect[] => {
    const effect = new AudioEffect(settings);
    return effect.neutral ? [] : [effect];
  };
  const terms: MixTerm[] = [{ source: leg, without: undefined, effects: effects(), unlessPlayed: undefined }];
  for (const { from, monitor, effect } of leg.incoming) {
    if (monitor || from === listener) continue;
    const heard = effect.neutral ? effects() : [new AudioEffect(effect.settings), ...effects()];
    terms.push({ source: from, without: isConference(from) ? leg : undefined, effects: heard, unlessPlayed: leg });
  }
  terms.push({ source: { playedTo: leg }, without: undefined, effects: effects(), unlessPlayed: undefined });
  return terms;
}
