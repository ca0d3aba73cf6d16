import { type Network, nodeNetwork } from "@sidetone/sip";

/** Numbers in [0, 1) that repeat for the same seed (mulberry32's recurrence). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many datagrams were lost on the way. */
export interface LossCount {
  sent: number;
  received: number;
  lost: number;
}

/** The machine's sockets, but this share of the datagrams disappears in each direction. Streams are untouched. */
export function lossyNetwork(
  share: number,
  seed: number,
  count: LossCount = { sent: 0, received: 0, lost: 0 },
): Network {
  const random = seededRandom(seed);
  const lost = (): boolean => {
    const gone = random() < share;
    if (gone) count.lost += 1;
    return gone;
  };
  return {
    ...nodeNetwork,
    async bindDatagram(address, onDatagram) {
      const port = await nodeNetwork.bindDatagram(address, (bytes, from) => {
        count.received += 1;
        if (!lost()) onDatagram(bytes, from);
      });
      return {
        local: port.local,
        send(bytes, to, failed) {
          count.sent += 1;
          if (!lost()) port.send(bytes, to, failed);
        },
        close: () => port.close(),
      };
    },
  };
}
