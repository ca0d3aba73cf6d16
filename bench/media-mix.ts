// Conferences and operators: CPU time of the Media Server's process per phone, in one run.
//
//   sidetone-node bench/media-mix.ts [--phones 96] [--seconds 4] [--kind batched]
//
// Each phone sends 50 packets a second and hears what its conference makes of the others. The figure is the CPU time (user + system) of the
// process under test; the load comes from another process. Loopback: sends pay for delivery too. No replicas.
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { silentLogger } from "@sidetone/foundation";
import { createPacketIO } from "@sidetone/rtp";
import { type MediaEngine, toneSamples } from "../services/media-server/src/media/index.ts";
import { engineUnderTest, HOST, measured, report, type Used } from "./media-load.ts";

type Kind = "dgram" | "batched";

interface Order {
  readonly kind: Kind;
  readonly phones: number;
  readonly scene: string;
  readonly phonePorts: readonly number[];
}

interface Measured extends Used {
  readonly sent: number;
}

/** What is done to conferences of so many members each. */
const scenes: Readonly<
  Record<
    string,
    { readonly members: number; readonly prepare?: (e: MediaEngine, name: string, legs: number[]) => Promise<void> }
  >
> = {
  "2, relayed": { members: 2 },
  "2, gain both ways": {
    members: 2,
    prepare: async (e, name, legs) => {
      for (const leg of legs) await e.setStream(leg, name, { gainDb: -3 });
    },
  },
  "2, keys and speech detected": {
    members: 2,
    prepare: async (e, _name, legs) => {
      for (const leg of legs) await e.setDetection(leg, { dtmf: "both", voice: {} });
    },
  },
  "2, alert tone 0.4 s in 10 s": {
    members: 2,
    prepare: async (e, name, legs) => {
      const samples = toneSamples({ frequency1: 1400, level1Db: -20, durationMs: 400 });
      await e.setAlertTone(name, { samples, everyMs: 10_000, legs, recorded: false });
    },
  },
  "3, mixed": { members: 3 },
  "8, mixed": { members: 8 },
  "32, mixed": { members: 32 },
  "32, n-loudest 3, asn": {
    members: 32,
    prepare: (e, name) =>
      e.configureConference(name, {
        nLoudest: 3,
        speakers: { intervalMs: 1000, thresholdDb: -40 },
        comfortNoiseDb: -60,
      }),
  },
};

/** The process under test: measures between "begin" and "end". */
async function underTest(order: Order): Promise<void> {
  const engine = await engineUnderTest(order.kind);
  const scene = scenes[order.scene];
  if (scene === undefined) throw new Error(`no scene ${order.scene}`);
  const ports: number[] = [];
  for (let from = 0; from < order.phones; from += scene.members) {
    const legs: number[] = [];
    for (let n = from; n < Math.min(order.phones, from + scene.members); n++) {
      const { leg, rtpPort } = await engine.openLeg();
      await engine.configureLeg(leg, {
        remote: { host: HOST, port: order.phonePorts[n % 2] ?? 0 },
        codec: n % 3 === 0 ? "PCMA" : "PCMU",
        payloadType: n % 3 === 0 ? 8 : 0,
        sendToPhone: true,
        receiveFromPhone: true,
      });
      legs.push(leg);
      ports.push(rtpPort);
    }
    await engine.setConference(`c${from}`, legs);
    await scene.prepare?.(engine, `c${from}`, legs);
  }
  report(engine, ports, (before, after) => ({ sent: after.sent - before.sent }));
}

async function measure(kind: Kind, scene: string, phones: number, seconds: number): Promise<Measured> {
  const io = createPacketIO({ kind: "auto", log: silentLogger, pollMs: 20 });
  const sockets = [0, 1].map(() => io.open({ address: HOST, port: 0, mode: "poll", receiveBuffer: 4_000_000 }));
  io.run();
  const order: Order = { kind, phones, scene, phonePorts: sockets.map((s) => io.localPort(s)) };
  return measured<Measured>(fileURLToPath(import.meta.url), order, { io, phones: sockets, seconds });
}

const { values } = parseArgs({
  options: {
    phones: { type: "string" },
    seconds: { type: "string" },
    kind: { type: "string" },
    "under-test": { type: "string" },
  },
});
if (values["under-test"] !== undefined) {
  await underTest(JSON.parse(values["under-test"]) as Order);
} else {
  const phones = Number(values.phones ?? 96);
  const seconds = Math.min(30, Number(values.seconds ?? 4));
  const kind: Kind = values.kind === "dgram" || process.platform !== "linux" ? "dgram" : "batched";
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(
    `${phones} phones, ${seconds} s each, ${kind}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}`,
  );
  out("conference of                sent/s   core %  µs per phone and 20 ms  phones per core");
  for (const scene of Object.keys(scenes)) {
    const m = await measure(kind, scene, phones, seconds);
    const core = m.cpuMicros / m.seconds / 1_000_000;
    const cell = (value: number, digits: number, width: number): string => value.toFixed(digits).padStart(width);
    out(
      scene.padEnd(28) +
        cell(m.sent / m.seconds, 0, 7) +
        cell(core * 100, 1, 9) +
        cell(m.cpuMicros / m.seconds / phones / 50, 2, 24) +
        cell(phones / core, 0, 17),
    );
  }
}
