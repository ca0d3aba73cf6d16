// R19: a pause captures nothing. What is said in it is not on the wire to any recorder, in no segment file and in no recording, whatever
// happens to the recorder meanwhile.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import {
  Capture,
  decodeUlaw,
  gaps,
  needs,
  type RecordingRow,
  runAsync,
  type RunningSystem,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import {
  CALLEE_HZ,
  CALLER_HZ,
  Desk,
  fileAt,
  finishedAt,
  loudest,
  OwnRecorder,
  play,
  recordingsAt,
  segmentsOf,
  talking,
} from "../e2e/desk.ts";

/** Said in the pause only; far from the others and their harmonics. */
const SECRET_HZ = 2503;
/** R19, issue 3: what of it may be anywhere, dBFS. */
const NOTHING_DB = -60;

let system: RunningSystem;
let capture: Capture;
/** Two of the group, and one outside of it that a client names. */
let recorders: OwnRecorder[] = [];

before(async () => {
  if (needs("tcpdump", "tshark") !== false) return;
  system = await startSystem({
    mode: "one-process",
    config: {
      "sip-server": {
        applications: {
          desk: {
            password: "demo-desk",
            grants: [{ dns: "7*", rights: ["monitor", "record"] }],
            destinations: ["127.0.0.1:5093"],
          },
        },
      },
      "resource-manager": {
        groups: {
          recorders: { resources: [{ address: OwnRecorder.uriOf(1) }, { address: OwnRecorder.uriOf(2) }] },
        },
      },
      recorder: { rtp: { ports: "25000-25999" } },
    },
    waitFor: ["sip-server", "media-server", "recorder", "console"],
  });
  recorders = [1, 2, 3].map((n) => new OwnRecorder(system, n));
  await Promise.all(recorders.map((recorder) => recorder.ready()));
  const up = await until(async () => {
    const samples = Array.from(await system.metrics("resource-manager"));
    const states = samples.filter(([name]) => name.startsWith("sidetone_resource_up"));
    return states.length === 3 && states.every(([, value]) => value === 1);
  }, 10_000);
  assert.ok(up, "Resource Manager does not see both recorders of its group");
  capture = await Capture.start(join(system.folder, "pause.pcap"), `udp and dst portrange 26000-28999`);
});
after(async () => {
  if (needs("tcpdump", "tshark") !== false) return;
  await capture.stop();
  await Promise.all(recorders.map((recorder) => recorder.stop()));
  await system.stop().finally(() => system.dispose());
});

/** What happened when; `performance.now()`, and for the wire the wall clock. */
interface Pause {
  /** The first data of the recording were told. */
  readonly onAt: number;
  /** EventACK of PAUSE. */
  readonly from: number;
  readonly wallFrom: number;
  /** RESUME is sent. */
  readonly until: number;
  readonly wallUntil: number;
  /** The caller hangs up. */
  readonly endedAt: number;
}

/** A call whose recording is paused while `meanwhile` happens to its recorder; both say the secret all the time. */
async function paused(
  t: TestContext,
  o: { from: string; to: string; id: string; dest?: string; meanwhile: () => Promise<void> },
): Promise<Pause> {
  const desk = await Desk.open(t, system, "desk", o.from);
  const call = await talking(t, system, o.from, o.to);
  const about = await desk.about(o.from);
  const Extensions = { id: o.id, ...(o.dest === undefined ? {} : { dest: o.dest }) };
  await desk.client.recordStart({ ...about, Extensions });
  await desk.says(o.from, "On");
  const onAt = performance.now();
  await talk(2000);
  await desk.client.recordPause(about);
  const [from, wallFrom] = [performance.now(), Date.now()];
  play(call, tone(SECRET_HZ));
  await talk(700);
  await o.meanwhile();
  await talk(700);
  for (const side of [call.caller, call.callee]) {
    // The judge hears it where it is.
    const heard = (): number =>
      loudest(side.heard.samples(performance.now() - 700, performance.now() - 100), SECRET_HZ);
    assert.ok(await until(() => heard() > -10, 3000), `the other side says it with ${heard()} dBFS`);
  }
  play(call);
  await talk(200);
  const [end, wallUntil] = [performance.now(), Date.now()];
  await desk.client.recordResume(about);
  // A recorder that takes long to start again is Off meanwhile (R23).
  const said = (): string => desk.indications(o.from).join(", ");
  assert.ok(await until(() => /^On, Paused, (Off, Paused, )?On$/.test(said()), 5000), said());
  await talk(2000);
  const endedAt = performance.now();
  await call.caller.bye();
  return { onAt, from, wallFrom, until: end, wallUntil, endedAt };
}

/** Nothing of the secret in the file and in the segments; one silence of the pause's length, sound everywhere else. Returns where it begins, ms. */
async function heardNothing(recorder: OwnRecorder, row: RecordingRow, pause: Pause): Promise<number> {
  const file = (await fileAt(recorder.http, row.id)).channels;
  const raw = segmentsOf(recorder.folder, row.id);
  const wanted = pause.until - pause.from;
  let begin = 0;
  for (const [index, hz] of [CALLER_HZ, CALLEE_HZ].entries()) {
    const samples = file[index];
    const stored = raw[index];
    assert.ok(samples !== undefined && stored !== undefined);
    assert.equal(stored.length, samples.length, "the segments are the file");
    for (const [where, sound] of [
      ["file", samples],
      ["segments", stored],
    ] as const) {
      const db = loudest(sound, SECRET_HZ);
      assert.ok(db < NOTHING_DB, `${where}, channel ${index}: ${db} dBFS of what was said in the pause`);
    }
    const [hole, ...more] = gaps(samples, 300);
    assert.ok(hole !== undefined && more.length === 0, `channel ${index}: ${JSON.stringify([hole, ...more])}`);
    const off = hole.lengthMs - wanted;
    assert.ok(Math.abs(off) < 150, `channel ${index}: a hole of ${hole.lengthMs} ms for a pause of ${wanted}`);
    for (const around of [samples.subarray(0, hole.fromMs * 8), samples.subarray((hole.fromMs + hole.lengthMs) * 8)]) {
      assert.ok(loudest(around, hz) > -10, `channel ${index} has no ${hz} Hz on both sides of the pause`);
    }
    begin = hole.fromMs;
  }
  return begin;
}

/**
 * What went to a recorder's ports in the pause was said before it (R31: the end of that is sent again to who takes over), and much was sent
 * around it. RTCP is not counted.
 */
async function wireIsQuiet(recorder: OwnRecorder, { wallFrom, wallUntil }: Pause): Promise<void> {
  const [low, high] = recorder.rtpPorts;
  const fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "udp.dstport", "-e", "udp.payload"];
  const ports = `udp.dstport >= ${low} && udp.dstport <= ${high}`;
  const { code, stdout, stderr } = await runAsync("tshark", ["-n", "-r", capture.file, "-Y", ports, ...fields]);
  assert.equal(code, 0, stderr);
  let around = 0;
  const inside = new Map<string, number[]>();
  for (const line of stdout.split("\n")) {
    const [seconds = "", port = "", hex = ""] = line.split("\t");
    const packet = Buffer.from(hex.replaceAll(":", ""), "hex");
    const type = (packet[1] ?? 0) & 0x7f;
    if (packet.length <= 12 || (type >= 64 && type <= 95)) continue; // RFC 5761 4
    const ms = Number(seconds) * 1000;
    if (ms < wallFrom || ms > wallUntil) around += 1;
    else inside.set(port, [...(inside.get(port) ?? []), ...Array.from(packet.subarray(12), decodeUlaw)]);
  }
  for (const [port, sound] of inside) {
    const db = loudest(Int16Array.from(sound), SECRET_HZ);
    assert.ok(db < NOTHING_DB, `port ${port} of ${recorder.uri}: ${db} dBFS of what was said in the pause`);
  }
  assert.ok(around > 100, `only ${around} RTP packets to ${recorder.uri} outside of the pause`);
}

test("R19, R31: a recorder is killed in a pause: nothing of the pause is on the wire, in the segments, in the file", {
  skip: needs("tcpdump", "tshark"),
}, async (t) => {
  const [one, two, third] = recorders;
  assert.ok(one !== undefined && two !== undefined && third !== undefined);
  let [living, dead] = [one, two];
  // Both calls are over before anything is judged: judging takes the time that the phones need to talk.
  const [started, replaced] = await Promise.all([
    paused(t, {
      from: "7101",
      to: "7102",
      id: "killed-and-started",
      dest: third.uri,
      meanwhile: async () => {
        await third.kill();
        await third.startAgain();
        await talk(2500);
      },
    }),
    paused(t, {
      from: "7103",
      to: "7104",
      id: "replaced",
      meanwhile: async () => {
        if ((await recordingsAt(one.http, "?dn=7103")).length > 0) [living, dead] = [two, one];
        await dead.kill();
        await talk(4000);
      },
    }),
  ]);

  await t.test("started again: one file with its time line", async () => {
    const row = await finishedAt(third.http, "7101");
    const sessions = (row.events ?? []).filter(({ event }) => event === "session");
    assert.ok(new Set(sessions.map(({ epoch }) => epoch)).size > 1, `no second session: ${JSON.stringify(row.events)}`);
    const begin = await heardNothing(third, row, started);
    const before = started.from - started.onAt;
    assert.ok(Math.abs(begin - before) < 300, `the pause begins at ${begin}, after ${before} ms of recording`);
    const wanted = started.endedAt - started.onAt;
    assert.ok(Math.abs(row.durationMs - wanted) < 400, `the file has ${row.durationMs} of ${wanted} ms`);
    await wireIsQuiet(third, started);
  });

  await t.test("another of the group takes over: it starts paused", async () => {
    const row = await finishedAt(living.http, "7103");
    // What the dead one may not have on its disk any more is here too: the end of what was said before the pause.
    const begin = await heardNothing(living, row, replaced);
    assert.ok(begin > 500, `only ${begin} ms from before the pause`);
    for (const samples of segmentsOf(dead.folder, "replaced")) {
      assert.ok(loudest(samples, SECRET_HZ) < NOTHING_DB, "said in the pause, and on the disk of the dead one");
    }
    await wireIsQuiet(living, replaced);
    await wireIsQuiet(dead, replaced);
  });
});
