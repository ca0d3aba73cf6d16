// Relay and fork of recorded calls: packets per core-second of the Media Server's process, for each packet I/O, in one run.
//
//   sidetone-node bench/media-relay.ts [--calls 150] [--seconds 4]
//
// Per call two phones send 50 packets a second; each packet goes to the other phone and to a recorder. The figure is what arrived divided
// by the CPU time (user + system) of the process under test; the load comes from another process. Loopback: sends pay for delivery too.
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { silentLogger } from "@sidetone/foundation";
import { createPacketIO } from "@sidetone/rtp";
import { engineUnderTest, HOST, measured, report, type Used } from "./media-load.ts";

const SINKS = 4;

interface Order {
  readonly kind: "dgram" | "batched";
  readonly calls: number;
  readonly phonePorts: readonly number[];
  readonly sinkPorts: readonly number[];
}

interface Measured extends Used {
  readonly relayed: number;
  readonly forked: number;
  readonly dropped: number;
  /** Holes in the sequence numbers that arrived. */
  readonly lost: number;
}

/** The process under test: a media engine with all calls set up; measures between "begin" and "end". */
async function underTest(order: Order): Promise<void> {
  const engine = await engineUnderTest(order.kind);
  const ports: number[] = [];
  for (let call = 0; call < order.calls; call++) {
    const legs = [await engine.openLeg(), await engine.openLeg()];
    for (const [side, leg] of legs.entries()) {
      await engine.configureLeg(leg.leg, {
        remote: { host: HOST, port: order.phonePorts[side] ?? 0 },
        codec: "PCMU",
        payloadType: 0,
        sendToPhone: true,
        receiveFromPhone: true,
      });
      const none = { codec: undefined, payloadType: 0 };
      const { tap } = await engine.openTap({ legs: [leg.leg], ...none, backfillSinceMs: 0, paused: false });
      const port = order.sinkPorts[(2 * call + side) % SINKS] ?? 0;
      await engine.setTapDestination(tap, { host: HOST, port, rtcpPort: order.sinkPorts[0] ?? 0, ...none });
      ports.push(leg.rtpPort);
    }
    await engine.connect(legs[0]?.leg ?? 0, legs[1]?.leg ?? 0);
  }
  const sum = (list: readonly { readonly sent: number }[]): number => list.reduce((n, s) => n + s.sent, 0);
  report(engine, ports, (before, after) => ({
    relayed: sum(after.perLeg) - sum(before.perLeg),
    forked: sum(after.perTap) - sum(before.perTap),
    dropped: after.dropped - before.dropped,
    lost: after.perLeg.reduce((n, l) => n + l.lost, 0) - before.perLeg.reduce((n, l) => n + l.lost, 0),
  }));
}

async function measure(kind: Order["kind"], calls: number, seconds: number): Promise<Measured> {
  const io = createPacketIO({ kind: "auto", log: silentLogger, pollMs: 20 });
  const open = (): number => io.open({ address: HOST, port: 0, mode: "poll", receiveBuffer: 4_000_000 });
  const phones = [open(), open()];
  const sinks = Array.from({ length: SINKS }, open);
  io.run();
  const order: Order = {
    kind,
    calls,
    phonePorts: phones.map((s) => io.localPort(s)),
    sinkPorts: sinks.map((s) => io.localPort(s)),
  };
  return measured<Measured>(fileURLToPath(import.meta.url), order, { io, phones, seconds });
}

const { values } = parseArgs({
  options: { calls: { type: "string" }, seconds: { type: "string" }, "under-test": { type: "string" } },
});
if (values["under-test"] !== undefined) {
  await underTest(JSON.parse(values["under-test"]) as Order);
} else {
  const calls = Number(values.calls ?? 150);
  const seconds = Math.min(30, Number(values.seconds ?? 4));
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(`${calls} calls, ${seconds} s each, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}`);
  out("packet I/O  relayed   forked  dropped  loss %   core %  µs/packet  packets per core-second");
  for (const kind of process.platform === "linux" ? (["dgram", "batched"] as const) : (["dgram"] as const)) {
    const m = await measure(kind, calls, seconds);
    const loss = (100 * m.lost) / (m.lost + m.relayed);
    const cell = (value: number, digits: number, width: number): string => value.toFixed(digits).padStart(width);
    out(
      kind.padEnd(10) +
        cell(m.relayed, 0, 9) +
        cell(m.forked, 0, 9) +
        cell(m.dropped, 0, 9) +
        cell(loss, 2, 8) +
        cell(m.cpuMicros / m.seconds / 10_000, 1, 9) +
        cell(m.cpuMicros / m.relayed, 2, 11) +
        cell((m.relayed / m.cpuMicros) * 1_000_000, 0, 25),
    );
  }
}
