// The process under test: SIP Server's T-Library behind its HTTP server and door, and beside it, on other paths, the peers.
import { mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { DnConfig } from "@sidetone/config";
import { rfc3339, silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import { startHttp, type UpgradeHandler } from "@sidetone/http";
import { type WebSocket, WebSocketServer } from "ws";
import { CallJournal, openStorage } from "../../services/sip-server/src/storage/index.ts";
import { FakeSwitch } from "../../services/sip-server/src/t-library/calls.fixture.ts";
import { eventsOfEffects } from "../../services/sip-server/src/t-library/events-of-effects.ts";
import { TlibServer, tlibPath, webSocketDoor } from "../../services/sip-server/src/t-library/index.ts";
import { HeldCalls } from "./held-calls.ts";
import { monotonicMicros, Samples } from "./figures.ts";
import { application, desktopDn, queueDn, type Run, type RunResult, type ServerState } from "./orders.ts";
import { type ServerOrder, serveOrders, stuckDns } from "./orders.ts";

const host = "127.0.0.1";
/** The engine stops writing at this many bytes. */
const unsentLimit = 262_144;
/** Below the session's limit of kept messages. */
const mostJam = 8_000;
/** Acknowledgements that are on their way at the end of a run are part of its cost. */
const settleMs = 200;

const folder = mkdtempSync(join(tmpdir(), "sidetone-bench-"));
const storage = await openStorage({ file: join(folder, "sip-server.sqlite"), log: silentLogger });
const journal = new CallJournal({ storage, clock: systemClock });
let journalOn = false;

function dnOf(dn: string): DnConfig {
  return {
    dn,
    type: "extension",
    password: "x",
    digestAlgorithms: ["MD5"],
    record: false,
    recordingFailure: "continue",
    media: "direct",
    contact: undefined,
    prefix: undefined,
    defaultDestination: undefined,
    routeTimeoutMs: 10_000,
  };
}

const names = [queueDn, ...stuckDns, ...Array.from({ length: 10_000 }, (_, i) => desktopDn(i))];
const dns = new Map(names.map((dn) => [dn, dnOf(dn)]));
const rights = [{ dns: "*", rights: ["monitor"] as const }];
const applications = new Map([[application.name, { ...application, grants: rights, destinations: [] }]]);
const tlib = new TlibServer({
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
  calls: new FakeSwitch(),
  serverVersion: "0.1.0",
  journal: { append: (entry) => (journalOn ? journal.append(entry) : Promise.resolve()) },
  audit: { append: () => Promise.resolve() },
  applications: () => applications,
  agentLogins: () => new Map(),
  dns: () => dns,
});
tlib.setLink(true);

/** The effect that is being told; 0: what is written now is no event. */
let effectAt = 0;
let waits = new Samples();
let writes = 0;
let late = 0;
const queueWaits = new Samples();
const desktopWaits = new Samples();
let stuckSockets: readonly Socket[] = [];

/** Those that do not read, without those of earlier runs. */
const stuckOpen = (): readonly Socket[] => stuckSockets.filter((socket) => !socket.destroyed);

/** `ws` corks for each frame: at the end of `uncork` the frame is the kernel's, or it waits here. */
function watch(socket: Socket): void {
  socket.uncork = () => {
    Socket.prototype.uncork.call(socket);
    if (effectAt === 0) return;
    writes += 1;
    if (socket.writableLength > 0) late += 1;
    else waits.add(monotonicMicros() - effectAt);
  };
}

function watched(handler: UpgradeHandler): UpgradeHandler {
  return (request, socket, head) => {
    if (!(socket instanceof Socket)) throw new TypeError("a socket of node:net was expected");
    if (request.url?.endsWith("?stuck") === true) stuckSockets = [...stuckOpen(), socket];
    else watch(socket);
    return handler(request, socket, head);
  };
}

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const peers = { ws: new Set<WebSocket>(), frame: new Set<Duplex>() };
function peerDoor(kind: "ws" | "frame"): UpgradeHandler {
  return watched((request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (kind === "ws") peers.ws.add(webSocket);
      else peers.frame.add(socket);
      webSocket.on("error", () => undefined);
      webSocket.on("close", () => {
        peers.ws.delete(webSocket);
        peers.frame.delete(socket);
      });
    });
    return undefined;
  });
}

const http = await startHttp({
  role: "sip-server",
  address: { host, port: 0 },
  log: silentLogger,
  ready: () => ({ ok: true, reasons: [] }),
  upgrades: new Map([
    [tlibPath, watched(webSocketDoor({ server: tlib, log: silentLogger, host, plainWs: false }))],
    ["/ws", peerDoor("ws")],
    ["/frame", peerDoor("frame")],
  ]),
});

const calls = new HeldCalls();
let number = 0;

/** What a server without sessions does with an effect: the same events, the JSON once, one loop. */
function broadcast(kind: "ws" | "frame", change: ReturnType<HeldCalls["change"]>): void {
  for (const { message, attributes } of eventsOfEffects(change.before, change.call, change.effects)) {
    number += 1;
    const time = rfc3339(systemClock.wallMicros());
    const text = JSON.stringify({ message, time, attributes: { EventSequenceNumber: number, ...attributes } });
    if (kind === "ws") for (const socket of peers.ws) socket.send(text);
    else {
      const payload = Buffer.from(text);
      const frame = Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]), payload]);
      for (const socket of peers.frame) {
        socket.cork();
        socket.write(frame);
        socket.uncork();
      }
    }
  }
}

function effect(kind: Run["kind"], dn: string, dueMicros: number | undefined): void {
  waits = dn === queueDn ? queueWaits : desktopWaits;
  const now = monotonicMicros();
  const change = calls.change(dn, dn === queueDn ? "SentQ" : "SentD", dueMicros ?? now);
  effectAt = dueMicros ?? now;
  if (kind === "tlib") tlib.onCall(change.call, change.effects);
  else broadcast(kind, change);
  effectAt = 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function run(o: Run): Promise<RunResult> {
  journalOn = o.journal;
  writes = 0;
  late = 0;
  queueWaits.take();
  desktopWaits.take();
  globalThis.gc?.();
  const seconds = o.queueEffects / o.queuePerSecond;
  const cpu = process.cpuUsage();
  const begin = monotonicMicros() + 10_000;
  const queueEvery = 1e6 / o.queuePerSecond;
  const desktopEvery = o.desktopEffects === 0 ? Number.POSITIVE_INFINITY : (seconds * 1e6) / o.desktopEffects;
  let queue = 0;
  let desktop = 0;
  while (queue < o.queueEffects || desktop < o.desktopEffects) {
    const queueDue = queue < o.queueEffects ? begin + queue * queueEvery : Number.POSITIVE_INFINITY;
    const desktopDue = desktop < o.desktopEffects ? begin + desktop * desktopEvery : Number.POSITIVE_INFINITY;
    const due = Math.min(queueDue, desktopDue);
    const wait = due - monotonicMicros();
    if (wait > 0) {
      await pause(wait / 1000);
      continue;
    }
    if (queueDue <= desktopDue) {
      queue += 1;
      effect(o.kind, queueDn, o.fromDue ? due : undefined);
    } else {
      // The step is prime to any number of desktops: neighbours connected one after the other.
      effect(o.kind, desktopDn((desktop * 7919) % o.desktops), o.fromDue ? due : undefined);
      desktop += 1;
    }
    // Behind schedule: what clients say is read all the same.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await pause(settleMs);
  const used = process.cpuUsage(cpu);
  const spread = { queue: queueWaits.take(), desktop: desktopWaits.take() };
  return { cpuMicros: used.user + used.system, deliveries: writes, late, ...spread };
}

/** Fills the buffers of the two that do not read until the engine holds back what is for them. */
async function jam(): Promise<void> {
  for (let i = 0; i < mostJam; i++) {
    const open = stuckOpen().flatMap((socket, which) => (socket.writableLength < unsentLimit ? [which] : []));
    if (open.length === 0) break;
    for (const which of open) effect("tlib", stuckDns[which] ?? "", undefined);
    if (i % 50 === 49) await pause(1);
  }
}

function state(): ServerState {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { sessions, connections, keptBytes, slowConsumers } = tlib.stats();
  const stuckUnsent = stuckOpen().map((socket) => socket.writableLength);
  const memory = { rss, heapUsed, external };
  return { memory, cpuMicros: user + system, sessions, connections, keptBytes, slowConsumers, stuckUnsent };
}

serveOrders<ServerOrder>(async (order) => {
  switch (order.do) {
    case "listen":
      return Number(new URL(http.url).port);
    case "run":
      return run(order);
    case "jam":
      return jam();
    case "state":
      return state();
    case "end":
      tlib.close();
      await http.close();
      await storage.close();
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
  }
});
