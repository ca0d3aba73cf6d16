import { api } from "../../api.ts";
import { pathOf } from "./recording.ts";
import type { Stretch } from "./speech.ts";

/** `GET /api/v1/recordings/{id}/peaks`. */
export interface PeaksAnswer {
  readonly durationMs: number;
  readonly live: boolean;
  readonly points: number;
  readonly channels: readonly {
    readonly side: "customer" | "agent";
    readonly min: string;
    readonly max: string;
    readonly speech: readonly Stretch[];
  }[];
}

/** What the waveform is drawn from. */
export interface Peaks {
  readonly durationMs: number;
  readonly live: boolean;
  readonly points: number;
  /** For each channel lowest and highest of each point in turn, -1 to 1. */
  readonly waves: readonly Float32Array[];
  readonly speech: { readonly customer: readonly Stretch[]; readonly agent: readonly Stretch[] };
}

/** How fine: points of the whole recording, from the first picture to the closest look. The server gives no more than there are. */
export const fineness = [4000, 40_000, 400_000] as const;

/** Unpacks an answer. */
export function unpackPeaks({ durationMs, live, points, channels }: PeaksAnswer): Peaks {
  const speech = (side: string): readonly Stretch[] => channels.find((one) => one.side === side)?.speech ?? [];
  return {
    durationMs,
    live,
    points,
    waves: channels.map(({ min, max }) => {
      const [low, high] = [atob(min), atob(max)];
      const wave = new Float32Array(points * 2);
      for (let n = 0; n < points; n++) {
        wave[2 * n] = signed(low.charCodeAt(n)) / 128;
        wave[2 * n + 1] = signed(high.charCodeAt(n)) / 128;
      }
      return wave;
    }),
    speech: { customer: speech("customer"), agent: speech("agent") },
  };
}

function signed(octet: number): number {
  return octet > 127 ? octet - 256 : octet;
}

/** Asks for them. */
export async function fetchPeaks(
  id: string,
  query: Readonly<Record<string, string>>,
  points: number,
  signal?: AbortSignal,
): Promise<Peaks> {
  return unpackPeaks(await api.get<PeaksAnswer>(pathOf(id, "peaks", { ...query, points: String(points) }), signal));
}
