// ITU-T G.722 (09/2012), decoder of the lower sub-band (clause 6.2.1 and the blocks of clause 5 and 6 with the suffix L).

/** Inverse quantiser of 6 bits (Table 14, QM6). */
const QM6 = Int16Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576],
  ...[-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040],
  ...[-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
/** Inverse quantiser of 4 bits, which adapts the predictor (QM4). */
const QM4 = Int16Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200],
  ...[20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
/** Logarithmic scale factor: what each of the 16 codes adds (WL by way of RL42). */
const SCALE_STEP = Int16Array.of(
  ...[-60, 3042, 1198, 538, 334, 172, 58, -30],
  ...[3042, 1198, 538, 334, 172, 58, -30, -60],
);
/** 2048 · 2^(i/32) (ILB). */
const ILB = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);

/**
 * Decodes G.722 at 64 kbit/s to 8 kHz: one 16-bit sample for each octet. The upper sub-band, 4 to 7 kHz, has no place in a file of 8 kHz and is
 * left out. RTP counts G.722 at 8000, too (RFC 3551 4.5.2). Adapts itself within a few ms after a loss.
 */
export class G722Decoder {
  /** Quantiser's scale factor, linear and logarithmic. */
  #scale = 32;
  #logScale = 0;
  /** Prediction, and its part by the zeros. */
  #prediction = 0;
  #byZeros = 0;
  /** Poles, zeros, and what they are applied to: the newest first. */
  #pole1 = 0;
  #pole2 = 0;
  readonly #zeros = new Int32Array(6);
  readonly #differences = new Int32Array(6);
  #rebuilt1 = 0;
  #partial1 = 0;
  #partial2 = 0;

  /** Decodes `length` octets into `out`. */
  decode(data: Uint8Array, start: number, length: number, out: Int16Array): void {
    for (let i = 0; i < length; i++) out[i] = this.#sample((data[start + i] ?? 0) & 63);
  }

  #sample(code: number): number {
    const fine = this.#prediction + ((this.#scale * (QM6[code] ?? 0)) >> 15);
    const coarse = code >> 2;
    const difference = (this.#scale * (QM4[coarse] ?? 0)) >> 15;
    this.#logScale = within(((this.#logScale * 127) >> 7) + (SCALE_STEP[coarse] ?? 0), 0, 18_432);
    const mantissa = ILB[(this.#logScale >> 6) & 31] ?? 0;
    const shift = 8 - (this.#logScale >> 11);
    this.#scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
    this.#adapt(difference);
    return within(fine, -16_384, 16_383) * 2;
  }

  #adapt(difference: number): void {
    const rebuilt = saturated(this.#prediction + difference);
    const partial = saturated(this.#byZeros + difference);
    this.#adaptPoles(partial);
    this.#adaptZeros(difference);
    this.#partial2 = this.#partial1;
    this.#partial1 = partial;
    const byPoles =
      ((this.#pole1 * saturated(rebuilt * 2)) >> 15) + ((this.#pole2 * saturated(this.#rebuilt1 * 2)) >> 15);
    this.#rebuilt1 = rebuilt;
    this.#prediction = saturated(saturated(byPoles) + this.#byZeros);
  }

  #adaptPoles(partial: number): void {
    const like1 = partial < 0 === this.#partial1 < 0;
    const like2 = partial < 0 === this.#partial2 < 0;
    const four = saturated(this.#pole1 * 4);
    const turned = Math.min(like1 ? -four : four, 32_767);
    const pole2 = within((like2 ? 128 : -128) + (turned >> 7) + ((this.#pole2 * 32_512) >> 15), -12_288, 12_288);
    const most = saturated(15_360 - pole2);
    this.#pole1 = within(saturated((like1 ? 192 : -192) + ((this.#pole1 * 32_640) >> 15)), -most, most);
    this.#pole2 = pole2;
  }

  #adaptZeros(difference: number): void {
    const zeros = this.#zeros;
    const differences = this.#differences;
    const step = difference === 0 ? 0 : 128;
    for (let i = 0; i < 6; i++) {
      const like = (differences[i] ?? 0) < 0 === difference < 0;
      zeros[i] = saturated((like ? step : -step) + (((zeros[i] ?? 0) * 32_640) >> 15));
    }
    differences.copyWithin(1, 0, 5);
    differences[0] = difference;
    let sum = 0;
    for (let i = 0; i < 6; i++) sum += ((zeros[i] ?? 0) * saturated((differences[i] ?? 0) * 2)) >> 15;
    this.#byZeros = saturated(sum);
  }
}

function within(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

function saturated(value: number): number {
  return within(value, -32_768, 32_767);
}
