import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { DatagramPort, HostPort } from "./types.ts";

/** Kernel queue per direction in bytes: a burst of registrations must not be lost. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** Binds a UDP socket of the machine. */
export function bindUdp(address: HostPort, onDatagram: (bytes: Buffer, from: HostPort) => void): Promise<DatagramPort> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(address.host) ? "udp6" : "udp4" });
    let open = true;
    socket.once("error", reject);
    socket.bind(address.port, address.host, () => {
      socket.off("error", reject);
      // An ICMP error of an earlier datagram shows up here; it belongs to no request in particular.
      socket.on("error", () => undefined);
      enlarge(socket);
      socket.on("message", (bytes, from) => onDatagram(bytes, { host: from.address, port: from.port }));
      const bound = socket.address();
      resolve({
        local: { host: bound.address, port: bound.port },
        send(bytes, to, failed) {
          if (!open) return failed(new Error("socket closed"));
          socket.send(bytes, to.port, to.host, (error) => {
            if (error !== null) failed(error);
          });
        },
        close() {
          if (!open) return Promise.resolve();
          open = false;
          return new Promise((closed) => socket.close(() => closed()));
        },
      });
    });
  });
}

function enlarge(socket: ReturnType<typeof createSocket>): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch {
    // The kernel's limit is lower: its default has to do.
  }
}
