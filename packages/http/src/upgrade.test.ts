import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { type HttpServer, startHttp } from "./server.ts";

async function started(t: TestContext): Promise<HttpServer> {
  const server = await startHttp({
    role: "sip-server",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    upgrades: new Map([
      [
        "/echo",
        (_request, socket) => {
          socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
          socket.pipe(socket);
          return undefined;
        },
      ],
    ]),
  });
  t.after(() => server.close());
  return server;
}

async function upgrade(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly socket: Duplex | undefined }> {
  const asked = httpRequest(url, { headers: { connection: "upgrade", upgrade: "echo", ...headers } });
  asked.end();
  const answer = await Promise.race([once(asked, "upgrade"), once(asked, "response")]);
  const [response, socket, head] = answer as [IncomingMessage, Duplex | undefined, Buffer | undefined];
  if (head !== undefined && head.length > 0) socket?.unshift(head);
  response.resume();
  return { status: response.statusCode ?? 0, socket };
}

test("RFC 9110 7.8: an upgrade of a known path is handed over, and close ends it", async (t) => {
  const server = await started(t);
  const { status, socket } = await upgrade(`${server.url}/echo?x=1`);
  assert.equal(status, 101);
  assert(socket !== undefined);
  socket.write("hello");
  assert.equal(String((await once(socket, "data"))[0]), "hello");
  socket.resume();
  const ended = once(socket, "close");
  await server.close();
  await ended;
});

test("an upgrade of an unknown path is 404", async (t) => {
  const server = await started(t);
  assert.equal((await upgrade(`${server.url}/nothing`)).status, 404);
});

test("a page of another site cannot connect, one of this machine can", async (t) => {
  const server = await started(t);
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const { status: given, socket } = await upgrade(`${server.url}/echo`, headers);
    socket?.destroy();
    return given;
  };
  assert.equal(await status({ origin: "https://evil.example" }), 403);
  assert.equal(await status({ origin: "null" }), 403);
  assert.equal(await status({ origin: "http://127.0.0.1:8080" }), 101);
  assert.equal(await status({ origin: "http://localhost:8080" }), 101);
  assert.equal(await status({ host: "evil.example" }), 421);
});

test("what was written before close still arrives, and a peer that does not read does not hold the close up", async (t) => {
  const server = await startHttp({
    role: "sip-server",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    upgrades: new Map([
      [
        "/flood",
        (_request, socket) => {
          socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
          socket.write(Buffer.alloc(300_000));
          return undefined;
        },
      ],
    ]),
  });
  t.after(() => server.close());
  const [reading, dead] = [await upgrade(`${server.url}/flood`), await upgrade(`${server.url}/flood`)];
  assert(reading.socket !== undefined && dead.socket !== undefined);
  let bytes = 0;
  reading.socket.on("data", (data: Buffer) => {
    bytes += data.length;
  });
  const ended = once(reading.socket, "end");
  const closing = server.close();
  await ended;
  await closing;
  assert.equal(bytes, 300_000);
  dead.socket.destroy();
});
