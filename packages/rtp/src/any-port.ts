import { SidetoneError } from "@sidetone/foundation";
import type { OpenSocketOptions, PacketIO, SocketId } from "./packet-io.ts";

const TRIES = 10;

/**
 * Lets the kernel choose a port, then binds that very port: Linux takes a port it chose itself away again when the socket is
 * unconnected (udp_disconnect), one that was asked for stays.
 */
export function openAnyPort(o: OpenSocketOptions, bind: (o: OpenSocketOptions) => SocketId, io: PacketIO): SocketId {
  for (let tries = 1; ; tries++) {
    const chosen = bind(o);
    const port = io.localPort(chosen);
    io.close(chosen);
    try {
      return bind({ ...o, port });
    } catch (error) {
      // Somebody else was faster.
      if (tries === TRIES || !(error instanceof SidetoneError) || error.code !== "port-in-use") throw error;
    }
  }
}
