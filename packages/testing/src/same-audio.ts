/** How a recorded channel compares with what was on the wire, octet for octet: G.711 is stored as it came. */
export interface SameAudio {
  /** Position in the reference at which the recording begins, in samples. */
  readonly offset: number;
  /** Samples compared. */
  readonly compared: number;
  /** Samples by which the recording moved against the reference while it went on: correction of clock drift. */
  readonly slipped: number;
  /** 20 ms frames of the recording that differ from the reference, by their start in ms. */
  readonly differentAtMs: readonly number[];
}

const FRAME = 160;
/** Largest slip within 20 ms that still counts as one, in samples. */
const SLIP = 8;
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
  let slipped = 0;
  let { offset } = best;
  // From the probe forwards, then from the probe backwards: the offset is known best there.
  const frames = Array.from({ length: Math.floor(recording.length / FRAME) }, (_, index) => index * FRAME);
  const passes = [frames.filter((at) => at >= start), frames.filter((at) => at < start).reverse()];
  for (const pass of passes) {
    offset = best.offset;
    for (const at of pass) {
      if (at + offset < 0 || at + offset + FRAME > reference.length) continue;
      compared += FRAME;
      if (equalIn(reference, recording, at, offset) === FRAME) continue;
      let moved = { offset, equal: -1 };
      for (let near = offset - SLIP; near <= offset + SLIP; near += 1) {
        const equal = equalIn(reference, recording, at, near);
        if (equal > moved.equal) moved = { offset: near, equal };
      }
      if (moved.equal < FRAME * 0.4) differentAtMs.push(at / 8);
      else {
        slipped += Math.abs(moved.offset - offset);
        offset = moved.offset;
      }
    }
  }
  return { offset: best.offset, compared, slipped, differentAtMs };
}

function equalIn(reference: Int16Array, recording: Int16Array, at: number, offset: number): number {
  let equal = 0;
  for (let n = at; n < at + FRAME; n += 1) if (reference[n + offset] === recording[n]) equal += 1;
  return equal;
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
