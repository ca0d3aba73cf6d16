import type { PacketIO, PortPairs, SocketId } from "@sidetone/rtp";

/** The two sockets of a leg or a tap. */
export interface SocketPair {
  readonly rtp: SocketId;
  readonly rtcp: SocketId;
  readonly port: number;
}

/** Binds a free port pair. Throws "rtp-ports-exhausted". */
export function openPair(io: PacketIO, ports: PortPairs, address: string, receiveBuffer: number): SocketPair {
  return ports.takeWith((port) => {
    const rtp = io.open({ address, port, receiveBuffer });
    try {
      return { rtp, rtcp: io.open({ address, port: port + 1 }), port };
    } catch (error) {
      io.close(rtp);
      throw error;
    }
  });
}

/** Closes a pair and gives its ports back. */
export function closePair(io: PacketIO, ports: PortPairs, pair: SocketPair): void {
  io.close(pair.rtp);
  io.close(pair.rtcp);
  ports.release(pair.port);
}
