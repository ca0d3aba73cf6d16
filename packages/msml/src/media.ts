/** RFC 5707 8.6. In `modifyconference` what is absent stays as it is. */
export interface AudioMix {
  readonly id?: string;
  /** Hz. A new mixer's default is `DEFAULT_SAMPLE_RATE`. */
  readonly sampleRate?: number;
  /** Mix only that many of the loudest (8.6.1). */
  readonly nLoudest?: number;
  readonly asn?: ActiveSpeakers;
}

/** Hz; RFC 5707 8.6. */
export const DEFAULT_SAMPLE_RATE = 8000;

/** `<asn>` (RFC 5707 8.6.2): tells who speaks. */
export interface ActiveSpeakers {
  /** Shortest time between two reports, ms. 0: no reports. */
  readonly intervalMs: number;
  /** Who is quieter does not speak; dBm0, -96 to 0. */
  readonly thresholdDb: number;
}

/** RFC 5707 8.12. What is absent is not set by a `join`, and stays as it is with a `modifystream`. */
export interface MediaStream {
  readonly media: "audio" | "video";
  /** Absent: both ways. */
  readonly dir?: "from-id1" | "to-id1";
  readonly compressed?: boolean;
  /** Always mixed, whatever `n-loudest` says (8.12.1). */
  readonly preferred?: boolean;
  readonly gain?: Gain;
  readonly clamp?: Clamp;
}

/** RFC 5707 8.12.1.1. `unmute` is no word of the RFC, but of its users: as loud as before the `mute`. */
export type Gain =
  | { readonly kind: "fixed" /** dB, -96 to 96. */; readonly db: number }
  | { readonly kind: "mute" }
  | { readonly kind: "unmute" }
  | {
      readonly kind: "agc";
      /** dBm0, -40 to 0. */
      readonly targetDb: number;
      /** dB, 0 to 40. */
      readonly maxGainDb: number;
    }
  /** `agc="false"`. */
  | { readonly kind: "agc-off" };

/** RFC 5707 8.12.1.2: what is taken out of a stream. */
export interface Clamp {
  readonly dtmf: boolean;
  readonly tone: boolean;
}
