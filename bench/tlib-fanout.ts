// T-Library: what it costs to tell clients of calls, what an idle client costs, and what a client that does not read costs the others.
//
//   ./node_modules/.bin/sidetone-node bench/tlib-fanout.ts [--only deliver|memory|stuck] [--runs 5]
//
// The process under test is SIP Server's TlibServer behind its HTTP server and WebSocket door; the clients are in a second process on the other
// CPU. Deliveries per core-second are messages divided by the CPU time (user + system, all threads) of the process under test: loopback, so the
// sends pay for delivery too. Peers do the same in the same process and run: "ws" makes the JSON once and sends it in a loop, without seq, replay
// and acknowledgements; "frame" makes the whole frame once: what is left is the system call.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { busySeconds, median, openFiles } from "./tlib-fanout/figures.ts";
import { type ClientOrder, type Heard, type Kind, pinning, type Run, type RunResult } from "./tlib-fanout/orders.ts";
import { type ServerOrder, type ServerState, Worker } from "./tlib-fanout/orders.ts";

const many = 2_000;
const { values } = parseArgs({ options: { only: { type: "string" }, runs: { type: "string" } } });
const runs = Math.max(1, Number(values.runs ?? 5));
const out = (line: string): void => void process.stdout.write(`${line}\n`);
const cell = (value: number, digits: number, width: number): string => value.toFixed(digits).padStart(width);
const ms = (micros: number, width: number): string => cell(micros / 1000, 2, width);

interface Pair {
  readonly server: Worker<ServerOrder>;
  readonly clients: Worker<ClientOrder>;
  readonly port: number;
}

/** Runs a part with fresh processes, and says what else the machine did meanwhile. */
async function part(work: (pair: Pair) => Promise<void>): Promise<void> {
  const server = new Worker<ServerOrder>("server.ts", 0);
  const clients = new Worker<ClientOrder>("clients.ts", 1);
  const began = performance.now();
  const busy = busySeconds();
  try {
    await work({ server, clients, port: await server.ask<number>({ do: "listen" }) });
    const own = (await server.ask<ServerState>({ do: "state" })).cpuMicros;
    const load = (await clients.ask<Heard>({ do: "heard", expected: 0 })).cpuMicros;
    const others = Math.max(0, busySeconds() - busy - (own + load) / 1e6);
    const seconds = (performance.now() - began) / 1000;
    out(`  meanwhile other programs took ${((100 * others) / seconds / cpus().length).toFixed(0)} % of the machine\n`);
  } finally {
    server.end();
    clients.end();
  }
}

/** One run, and proof that every message arrived. */
async function measure({ server, clients }: Pair, run: Run, expected: number): Promise<RunResult & { heard: Heard }> {
  await clients.ask<Heard>({ do: "heard", expected: 0 });
  const result = await server.ask<RunResult>({ do: "run", ...run });
  const heard = await clients.ask<Heard>({ do: "heard", expected });
  if (heard.events !== expected) throw new Error(`${expected} messages were due, ${heard.events} arrived`);
  return { ...result, heard };
}

interface Row {
  readonly name: string;
  readonly kind: Kind;
  readonly journal: boolean;
  readonly results: (RunResult & { heard: Heard })[];
}

async function deliver(pair: Pair): Promise<void> {
  out(
    `Delivery, median of ${runs} runs in turn (least to most µs of CPU); waiting times from call-model effect to socket write and to the client`,
  );
  out("clients  who                         µs/message            per core-second  write p50 ms     p99  arrival p99");
  for (const [count, effects, perSecond] of [
    [1, 4_000, 2_000],
    [100, 400, 200],
    [many, 100, 20],
  ] as const) {
    const row = (name: string, kind: Kind, journal = false): Row => ({ name, kind, journal, results: [] });
    const rows = [
      row("frame made once", "frame"),
      row("ws loop", "ws"),
      row("T-Library", "tlib"),
      row("T-Library, call journal", "tlib", true),
    ];
    for (const kind of ["frame", "ws", "tlib"] as const)
      await pair.clients.ask({ do: "connect", port: pair.port, kind, count, desktops: false });
    for (let i = -1; i < runs; i++) {
      for (const { kind, journal, results } of rows) {
        const run = { kind, journal, queueEffects: i < 0 ? effects / 4 : effects, queuePerSecond: perSecond };
        const whole = { ...run, desktops: 0, desktopEffects: 0, fromDue: false };
        const result = await measure(pair, whole, run.queueEffects * count);
        if (i >= 0) results.push(result);
      }
    }
    await pair.clients.ask({ do: "drop" });
    for (const { name, results } of rows) {
      const costs = results.map((r) => r.cpuMicros / r.deliveries);
      const of = (pick: (r: (typeof results)[number]) => number): number => median(results.map(pick));
      const range = `(${Math.min(...costs).toFixed(1)} to ${Math.max(...costs).toFixed(1)})`;
      out(
        cell(count, 0, 7) +
          `  ${name.padEnd(24)}` +
          cell(median(costs), 1, 8) +
          ` ${range.padEnd(18)}` +
          cell(1e6 / median(costs), 0, 16) +
          ms(
            of((r) => r.queue.p50),
            14,
          ) +
          ms(
            of((r) => r.queue.p99),
            8,
          ) +
          ms(
            of((r) => r.heard.queue.p99),
            13,
          ) +
          (results.some((r) => r.late > 0) ? `  ${results.reduce((n, r) => n + r.late, 0)} late` : ""),
      );
    }
  }
}

async function memory(kind: "ws" | "tlib"): Promise<void> {
  await part(async (pair) => {
    // What the first clients load stays.
    await pair.clients.ask({ do: "connect", port: pair.port, kind, count: 100, desktops: true });
    await pair.clients.ask({ do: "drop" });
    const before = (await pair.server.ask<ServerState>({ do: "state" })).memory;
    await pair.clients.ask({ do: "connect", port: pair.port, kind, count: many, desktops: true });
    // Clients acknowledge after 5 s at the latest.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const { memory: after, keptBytes } = await pair.server.ask<ServerState>({ do: "state" });
    const each = (pick: (m: typeof after) => number): string => ((pick(after) - pick(before)) / many / 1024).toFixed(1);
    const what = kind === "tlib" ? "T-Library session with two DNs" : "plain ws connection";
    out(
      `Memory of an idle ${what}, ${many} clients: RSS ${each((m) => m.rss)} KiB, heap ${each((m) => m.heapUsed)} KiB, ` +
        `outside the heap ${each((m) => m.external)} KiB each (the kernel's socket buffers not counted); ${keptBytes} bytes kept for replay`,
    );
  });
}

async function stuck(pair: Pair): Promise<void> {
  const { server, clients, port } = pair;
  out(
    `${many} desktops, with and without one that reads 1 KB/s and one that reads nothing, median of ${runs} runs in turn`,
  );
  out("waiting times of the others, from when the effect was due; 5 effects a second to all, 250 to one desktop each");
  out("run              CPU µs/message  all: write p50 ms     p99  arrival p99  one: write p99 ms  arrival p99");
  await clients.ask({ do: "connect", port, kind: "tlib", count: many, desktops: true });
  const run: Run = {
    kind: "tlib",
    journal: false,
    queueEffects: 40,
    queuePerSecond: 5,
    desktops: many,
    desktopEffects: 2_000,
    fromDue: true,
  };
  const expected = run.queueEffects * many + run.desktopEffects;
  const picks: readonly [string, (r: RunResult & { heard: Heard }) => number][] = [
    ["CPU", (r) => r.cpuMicros / r.deliveries],
    ["queue p50", (r) => r.queue.p50],
    ["queue p99", (r) => r.queue.p99],
    ["queue arrival", (r) => r.heard.queue.p99],
    ["desktop p99", (r) => r.desktop.p99],
    ["desktop arrival", (r) => r.heard.desktop.p99],
  ];
  const line = (name: string, [cpu = 0, p50 = 0, p99 = 0, arrival = 0, one = 0, oneArrival = 0]: number[]): void =>
    out(
      name.padEnd(17) +
        cell(cpu, 1, 14) +
        ms(p50, 19) +
        ms(p99, 8) +
        ms(arrival, 13) +
        ms(one, 19) +
        ms(oneArrival, 13),
    );
  const all: Record<"with" | "without", (RunResult & { heard: Heard })[]> = { with: [], without: [] };
  for (let i = -1; i < runs; i++) {
    for (const which of i % 2 === 0 ? (["without", "with"] as const) : (["with", "without"] as const)) {
      if (which === "with") {
        await clients.ask({ do: "stuck", port });
        await server.ask({ do: "jam" });
      }
      const before = await server.ask<ServerState>({ do: "state" });
      const result = await measure(pair, run, expected);
      const after = await server.ask<ServerState>({ do: "state" });
      if (which === "with") {
        const unsent = after.stuckUnsent.map((bytes) => Math.round(bytes / 1024)).join(" and ");
        const held = `${unsent} KiB unsent, ${Math.round(after.keptBytes / 1024)} KiB kept in all`;
        if (i === runs - 1) out(`  the two at the end of the last run: ${held}, ${after.slowConsumers} closed as slow`);
        if (before.stuckUnsent.some((bytes) => bytes < 200_000)) out(`  not jammed before run ${i + 1}: ${unsent}`);
        if (after.stuckUnsent.length < 2)
          out(`  the server gave up ${2 - after.stuckUnsent.length} of the two in run ${i + 1}`);
        await clients.ask({ do: "drop-stuck" });
      }
      if (i < 0) continue;
      all[which].push(result);
      line(
        `  ${which}`,
        picks.map(([, pick]) => pick(result)),
      );
    }
  }
  for (const which of ["without", "with"] as const)
    line(
      `${which}, median`,
      picks.map(([, pick]) => median(all[which].map(pick))),
    );
  const difference = picks.map(([name, pick]) => {
    const change = median(all.with.map(pick)) / median(all.without.map(pick)) - 1;
    return `${name} ${change >= 0 ? "+" : ""}${(100 * change).toFixed(1)} %`;
  });
  out(`difference: ${difference.join(", ")}; the goal for p99 is less than 10 %`);
}

const needed = 3 * many + 200;
if (openFiles() < needed) {
  out(
    `this process may have ${openFiles()} open files, the benchmark needs ${needed} in each of two: run "ulimit -n ${needed}" first`,
  );
  process.exit(1);
}
const load = loadavg().map((n) => n.toFixed(1));
out(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${process.platform}; ${pinning}; load before: ${load.join(" ")}\n`,
);
if (values.only === undefined || values.only === "deliver") await part(deliver);
if (values.only === undefined || values.only === "memory") {
  await memory("ws");
  await memory("tlib");
}
if (values.only === undefined || values.only === "stuck") await part(stuck);
