import { SidetoneError } from "@sidetone/foundation";
import type { AlertTone, ConferenceOptions, DigitOptions, PlayOptions, StreamSettings } from "./audio-types.ts";
import { MAX_CONFERENCE, MAX_GAIN_DB, MIN_GAIN_DB, SAMPLE_RATE } from "./limits.ts";
import { dtmfFrequencies } from "./tones.ts";

function need(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return;
  throw new SidetoneError("bad-audio", `${name} ${value} is not within ${least} and ${most}`);
}

/** Each of these throws "bad-audio" where a value is out of its range. */
export function checkStream(o: StreamSettings): void {
  need("gain", o.gainDb, MIN_GAIN_DB, MAX_GAIN_DB);
  if (o.automaticGain === undefined) return;
  need("target level", o.automaticGain.targetDb, -40, 0);
  need("most gain", o.automaticGain.maxGainDb, 0, 40);
  if (o.gainDb !== undefined) throw new SidetoneError("bad-audio", "a gain is either set or automatic");
}

/** As `checkStream`. */
export function checkConference(o: ConferenceOptions): void {
  need("n-loudest", o.nLoudest, 1, MAX_CONFERENCE);
  need("speakers' interval", o.speakers?.intervalMs, 1, 3_600_000);
  need("speakers' threshold", o.speakers?.thresholdDb, -96, 0);
  need("comfort noise", o.comfortNoiseDb, -96, -20);
}

/** As `checkStream`. */
export function checkPlay(o: PlayOptions): void {
  need("gain", o.gainDb, MIN_GAIN_DB, MAX_GAIN_DB);
  need("offset", o.offsetMs, 0, Number.MAX_SAFE_INTEGER);
}

/** As `checkStream`. */
export function checkDigits(o: DigitOptions): void {
  need("tone", o.toneMs, 40, 8000);
  need("interval", o.intervalMs, 40, 8000);
  need("level", o.levelDb, -96, 0);
  need("number of digits", o.digits.length, 1, 256);
  for (const digit of o.digits) {
    if (dtmfFrequencies(digit) === undefined) throw new SidetoneError("bad-audio", `"${digit}" is no digit`);
  }
}

/** As `checkStream`. */
export function checkAlert(o: AlertTone): void {
  need("period", o.everyMs, (o.samples.length * 1000) / SAMPLE_RATE + 100, 3_600_000);
  need("beginning", o.firstAfterMs, 0, 3_600_000);
}
