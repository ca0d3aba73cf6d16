/** How a recorded channel compares with what was on the wire, octet for octet: G.711 is stored as it came. */
export interface SameAudio {
  /** Position in the reference at which the recording begins, in samples. */
  readonly offset: number;
  /** Samples compared. */
  readonly compared: number;
  /** 20 ms frames of the recording that differ from the reference, by their start in ms. */
  readonly differentAtMs: readonly number[];
}

const FRAME = 160;
const PROBE = 4000; // half a second of sound decides where the two belong together

/** Finds where `recording` lies in `reference` (at most `reachMs` apart) and compares every 20 ms. */
export function sameAudio(reference: Int16Array, recording: Int16Array, reachMs = 2000): SameAudio | undefined {
  const start = probeStart(recording);
  if (start === undefined) return undefined;
  const reach = reachMs * 8;
  let best = { offset: 0, equal: -1 };
  for (let offset = -reach; offset <= reach; offset += 1) {
    let equal = 0;
    for (let n = start; n < start + PROBE; n += 7) if (reference[n + offset] === recording[n]) equal += 1;
    if (equal > best.equal) best = { offset, equal };
  }
  if (best.equal < (PROBE / 7) * 0.8) return undefined;
  const differentAtMs: number[] = [];
  let compared = 0;
  for (let at = 0; at + FRAME <= recording.length; at += FRAME) {
    if (at + best.offset < 0 || at + best.offset + FRAME > reference.length) continue;
    compared += FRAME;
    for (let n = at; n < at + FRAME; n += 1) {
      if (reference[n + best.offset] === recording[n]) continue;
      differentAtMs.push(at / 8);
      break;
    }
  }
  return { offset: best.offset, compared, differentAtMs };
}

/** Half a second with much sound in it. */
function probeStart(samples: Int16Array): number | undefined {
  let best = { at: 0, sum: 0 };
  for (let at = 0; at + PROBE <= samples.length; at += PROBE / 2) {
    let sum = 0;
    for (let n = at; n < at + PROBE; n += 5) sum += Math.abs(samples[n] ?? 0);
    if (sum > best.sum) best = { at, sum };
  }
  return best.sum === 0 ? undefined : best.at;
}
