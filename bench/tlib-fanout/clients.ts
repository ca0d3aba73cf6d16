// The process with the clients, on the CPU that the server does not have.
import { Samples } from "./figures.ts";
import { type ClientOrder, desktopDn, type Heard, queueDn, serveOrders, stuckDns } from "./orders.ts";
import { RawClient } from "./raw-client.ts";

const waits = { queue: new Samples(), desktop: new Samples() };
const none = { queue: new Samples(), desktop: new Samples() };
const connectAtOnce = 100;
/** How long late messages are waited for. */
const patienceMs = 5_000;
let clients: RawClient[] = [];
let stuck: RawClient[] = [];
let seconds = 0;

setInterval(() => {
  seconds += 1;
  for (const client of clients) client.tick(seconds % 5 === 0);
  for (const client of stuck) client.tick(false);
}, 1000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function connectAll(order: Extract<ClientOrder, { do: "connect" }>): Promise<void> {
  const { port, kind, count } = order;
  for (let from = 0; from < count; from += connectAtOnce) {
    const some = Array.from({ length: Math.min(connectAtOnce, count - from) }, (_, i) => {
      const dns = order.desktops ? [queueDn, desktopDn(from + i)] : [queueDn];
      return new RawClient({ port, kind, dns, reading: "normal", firstAck: 1 + ((from + i) % 100), waits });
    });
    await Promise.all(some.map(({ ready }) => ready));
    clients.push(...some);
  }
}

async function connectStuck(port: number): Promise<void> {
  stuck = (["slow", "dead"] as const).map((reading, i) => {
    const dns = [queueDn, stuckDns[i] ?? ""];
    return new RawClient({ port, kind: "tlib", dns, reading, firstAck: 100, waits: none });
  });
  await Promise.all(stuck.map(({ ready }) => ready));
}

async function drop(gone: readonly RawClient[]): Promise<void> {
  for (const client of gone) client.close();
  await pause(300);
  for (const client of gone) client.destroy();
  await pause(200);
}

function eventsOf(list: readonly RawClient[]): number {
  return list.reduce((sum, { events }) => sum + events, 0);
}

async function heard(expected: number): Promise<Heard> {
  for (let waited = 0; waited < patienceMs && eventsOf(clients) < expected; waited += 20) await pause(20);
  const events = eventsOf(clients);
  const stuckEvents = stuck.map((client) => client.events);
  for (const client of [...clients, ...stuck]) client.events = 0;
  const { user, system } = process.cpuUsage();
  return { events, queue: waits.queue.take(), desktop: waits.desktop.take(), stuckEvents, cpuMicros: user + system };
}

serveOrders<ClientOrder>(async (order) => {
  switch (order.do) {
    case "connect":
      return connectAll(order);
    case "stuck":
      return connectStuck(order.port);
    case "drop-stuck":
      await drop(stuck);
      stuck = [];
      return;
    case "drop":
      await drop(clients);
      clients = [];
      return;
    case "heard":
      return heard(order.expected);
    case "end":
      process.exit(0);
  }
});
