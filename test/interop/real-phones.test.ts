// mode: both
// Real phones from Debian call each other through the system; the recording is judged against the wire.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  Baresip,
  Capture,
  checkWav,
  labFile,
  Linphone,
  needs,
  passwordOf,
  readWav,
  runAsync,
  type RunningSystem,
  sameAudio,
  speech,
  startSystem,
  talk,
  tone,
  writePcmWav,
} from "@sidetone/testing";
import { recordingOf } from "../e2e/phones.ts";

let system: RunningSystem;
const wav = (name: string): string => join(system.folder, `${name}.wav`);

before(async () => {
  const dns = Object.fromEntries(
    ["7021", "7022", "7023", "7024", "7025", "7026"].map((dn) => [
      dn,
      { type: "extension", password: "secret", record: Number(dn) % 2 === 1 },
    ]),
  );
  system = await startSystem({ config: { "sip-server": { dns } } });
  writePcmWav(wav("437"), tone(437), 30);
  writePcmWav(wav("1013"), tone(1013), 30);
  writePcmWav(wav("caller"), speech("caller", { loop: true }), 30);
  writePcmWav(wav("agent"), speech("agent", { loop: true }), 30);
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

describe("baresip", () => {
  for (const [transport, codecs, n] of [
    ["udp", "PCMU", 0],
    ["tcp", "PCMA", 1],
  ] as const) {
    test(`two phones over ${transport} with ${codecs}: recorded whole, caller left, as the wire had it`, {
      skip: needs("baresip", "python3", "tcpdump", "tshark"),
    }, async (t) => {
      const [left, right] = n === 0 ? ["7021", "7022"] : ["7023", "7024"];
      const base = { folder: system.folder, password: "secret", server: system.sip, transport, codecs };
      const a = new Baresip(
        {
          ...base,
          user: left,
          port: 33_000 + 40 * n,
          rtpPort: 34_000 + 400 * n,
          play: wav(n === 0 ? "437" : "caller"),
        },
        33_500 + 2 * n,
      );
      const b = new Baresip(
        {
          ...base,
          user: right,
          port: 33_020 + 40 * n,
          rtpPort: 34_200 + 400 * n,
          play: wav(n === 0 ? "1013" : "agent"),
        },
        33_501 + 2 * n,
      );
      t.after(() => Promise.all([a.quit(), b.quit()]));
      await Promise.all([a.registered(), b.registered()]);
      const capture = await Capture.start(join(system.folder, `baresip${n}.pcap`), "udp");
      await a.dial(right);
      await talk(8000);
      await a.command(["hangup"]);
      await talk(300);
      await capture.stop();
      const row = await recordingOf(system, left);
      assert.equal(row.state, "complete");
      const file = await system.fetchAudio(row.id);
      const listed = await runAsync(process.execPath, [labFile("bin/rtpwav.mjs"), capture.file, "--json"]);
      const streams = JSON.parse(listed.stdout) as { src: string; packets: number }[];
      const from = (first: number): string => {
        const found = streams.filter(
          (stream) => Number(stream.src.split(":")[1]) >= first && Number(stream.src.split(":")[1]) < first + 100,
        );
        return found.sort((x, y) => y.packets - x.packets)[0]?.src ?? "none";
      };
      const wire = join(system.folder, `wire${n}.wav`);
      const rendered = await runAsync(process.execPath, [
        labFile("bin/rtpwav.mjs"),
        capture.file,
        "--stereo",
        `${from(34_000 + 400 * n)},${from(34_200 + 400 * n)}`,
        wire,
      ]);
      assert.equal(rendered.code, 0, rendered.stdout + rendered.stderr);
      if (n === 0) {
        await checkWav(file, {
          expect: { 0: 437, 1: 1013 },
          maxCrosstalkDb: -40,
          maxGapMs: 40,
          minSeconds: 7.8,
          strictHeader: true,
        });
      } else {
        const [wireAudio, recorded] = [readWav(wire).channels, readWav(file).channels];
        const offsets = recorded.map((channel, index) => {
          const reference = wireAudio[index];
          assert.ok(reference !== undefined);
          const same = sameAudio(reference, channel);
          assert.ok(same !== undefined, `channel ${index} is not what was on the wire`);
          // R16: a phone's first packet may begin before the answer, which is time zero.
          const different = same.differentAtMs.filter((atMs) => atMs >= 20);
          assert.deepEqual(different, [], `channel ${index} differs from the wire`);
          assert.ok(same.slipped <= 80, `channel ${index} slipped by ${same.slipped} samples`); // 10 ms of clock correction
          return same.offset;
        });
        const skewMs = Math.abs((offsets[0] ?? 0) - (offsets[1] ?? 0)) / 8;
        assert.ok(skewMs < 20, `the channels are ${skewMs} ms apart`);
        await checkWav(file, { expect: { 0: "sound", 1: "sound" }, minSeconds: 7.8, strictHeader: true });
      }
    });
  }

  test("hold, resume and DTMF by a real phone in a recorded call", { skip: needs("baresip", "python3") }, async (t) => {
    const base = { folder: system.folder, password: passwordOf("7001"), server: system.sip };
    const a = new Baresip({ ...base, user: "7001", port: 33_600, rtpPort: 36_000, play: wav("437") }, 33_610);
    const b = new Baresip(
      { ...base, user: "7002", password: passwordOf("7002"), port: 33_620, rtpPort: 36_200, play: wav("1013") },
      33_611,
    );
    t.after(() => Promise.all([a.quit(), b.quit()]));
    await Promise.all([a.registered(), b.registered()]);
    await a.dial("7002");
    await talk(1000);
    await a.command(["hold"]);
    await talk(1500);
    await a.command(["resume"]);
    await a.command(["sndcode", "5"]);
    await talk(1500);
    await b.command(["hangup"]);
    const row = await recordingOf(system, "7001");
    await checkWav(await system.fetchAudio(row.id), {
      expect: { 0: 437, 1: 1013 },
      maxCrosstalkDb: -40,
      minSeconds: 3.5,
      strictHeader: true,
    });
  });
});

describe("linphone", () => {
  test("linphone calls linphone: hold, resume, DTMF, its STUN requests are not recorded", {
    skip: needs("linphonec"),
  }, async (t) => {
    const base = { folder: system.folder, server: system.sip };
    const a = new Linphone({ ...base, user: "7025", port: 33_700, rtpPort: 37_000, play: wav("437") });
    const b = new Linphone({
      ...base,
      user: "7026",
      port: 33_720,
      rtpPort: 37_200,
      play: wav("1013"),
      answering: "auto",
    });
    t.after(() => Promise.all([a.quit(), b.quit()]));
    await Promise.all([a.registered(), b.registered()]);
    await a.dial("7026");
    await talk(3000);
    await a.say("pause", 1500);
    await a.say("resume", 1500);
    await a.say("5", 400);
    await a.say("terminate", 500);
    const row = await recordingOf(system, "7025");
    assert.equal(row.state, "complete");
    await checkWav(await system.fetchAudio(row.id), {
      expect: { 0: 437, 1: 1013 },
      maxCrosstalkDb: -40,
      minSeconds: 5.5,
      strictHeader: true,
    });
  });
});
