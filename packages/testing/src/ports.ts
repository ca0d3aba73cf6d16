import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const given = new Set<number>();

/** A port that is free for UDP and TCP on 127.0.0.1 now, and that this process has not given away before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await tcpPort();
    if (!given.has(port) && (await udpFree(port))) {
      given.add(port);
      return port;
    }
  }
}

function tcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
