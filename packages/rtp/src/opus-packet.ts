/** Most audio in one packet, samples at 48 kHz: 120 ms (RFC 6716 3.2.5). */
const MOST = 5760;
/** Longest frame, octets. */
const MOST_OCTETS = 1275;

/** Samples at 48 kHz of an Opus packet by its table of contents (RFC 6716 3.1); 0 where it is malformed (3.4). */
export function opusSamples(data: Uint8Array, start: number, length: number): number {
  if (length < 1) return 0;
  const toc = data[start] ?? 0;
  const frame = frameSamples(toc >> 3);
  switch (toc & 3) {
    case 0:
      return length - 1 <= MOST_OCTETS ? frame : 0;
    case 1:
      return length % 2 === 1 && (length - 1) / 2 <= MOST_OCTETS ? 2 * frame : 0;
    case 2: {
      const first = new Cursor(data, start + 1, start + length);
      const size = first.size();
      return size >= 0 && first.left >= size && first.left - size <= MOST_OCTETS ? 2 * frame : 0;
    }
    default:
      return arbitrary(data, start, length, frame);
  }
}

/** Code 3: a number of frames, padding, and lengths where they differ (RFC 6716 3.2.5). */
function arbitrary(data: Uint8Array, start: number, length: number, frame: number): number {
  if (length < 2) return 0;
  const head = data[start + 1] ?? 0;
  const count = head & 63;
  if (count === 0 || count * frame > MOST) return 0;
  const cursor = new Cursor(data, start + 2, start + length);
  let padding = 0;
  for (let more = (head & 64) !== 0; more; ) {
    if (cursor.left < 1) return 0;
    const octet = cursor.octet();
    padding += octet === 255 ? 254 : octet;
    more = octet === 255;
  }
  let octets = 0;
  if ((head & 128) !== 0) {
    for (let i = 1; i < count; i++) {
      const size = cursor.size();
      if (size < 0) return 0;
      octets += size;
    }
    const last = cursor.left - padding - octets;
    return last >= 0 && last <= MOST_OCTETS ? count * frame : 0;
  }
  octets = cursor.left - padding;
  return octets >= 0 && octets % count === 0 && octets / count <= MOST_OCTETS ? count * frame : 0;
}

/** Table 2. */
function frameSamples(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] ?? 0;
  if (config < 16) return [480, 960][config & 1] ?? 0;
  return [120, 240, 480, 960][config & 3] ?? 0;
}

class Cursor {
  readonly #data: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(data: Uint8Array, at: number, end: number) {
    this.#data = data;
    this.#at = at;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  octet(): number {
    return this.#data[this.#at++] ?? 0;
  }

  /** Length of a frame in one or two octets (3.2.1); -1 where they are not there. */
  size(): number {
    if (this.left < 1) return -1;
    const first = this.octet();
    if (first < 252) return first;
    return this.left < 1 ? -1 : first + 4 * this.octet();
  }
}
