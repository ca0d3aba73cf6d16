// `recording-alert-tone` of SIP Server: who hears that the call is recorded, and whether the recording has it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ConfigTree, goertzel, readWav, startSystem, talk } from "@sidetone/testing";
import { CALLEE_HZ, CALLER_HZ, hasTone, talking } from "./desk.ts";
import { hearsEachOther, ledgerSays, recordingOf } from "./phones.ts";

const ALERT_HZ = 1400;
const EVERY_MS = 1000;
/** What is judged of the call: three to five tones. */
const TALK_MS = 4000;
/** Window of the measurement, samples: 50 ms. */
const WINDOW = 400;
/** Power of a tone that is there, of full scale: -18 dBm0 are 0.008, what a voice leaves there is less than 0.0002. */
const THERE = 0.002;

/** Beginnings of the alert tone in a sound, ms. */
function tones(samples: Int16Array): number[] {
  const found: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    if (goertzel(samples, ALERT_HZ, at, at + WINDOW) <= THERE) continue;
    // Packets that came late may leave a hole in one.
    if (at / 8 - last > EVERY_MS / 3) found.push(at / 8);
    last = at / 8;
  }
  return found;
}

/** The tone comes every second, as long as the sound lasts. */
function beeps(samples: Int16Array | undefined, where: string): void {
  assert.ok(samples !== undefined, where);
  const at = tones(samples);
  assert.ok(at.length >= 3 && at.length <= 7, `${where}: tones at ${at.join(", ")} ms`);
  for (const [index, ms] of at.slice(1).entries()) {
    const apart = ms - (at[index] ?? 0);
    assert.ok(Math.abs(apart - EVERY_MS) <= 150, `${where}: tones at ${at.join(", ")} ms`);
  }
}

function isFree(samples: Int16Array | undefined, where: string): void {
  assert.ok(samples !== undefined && samples.length > 8 * TALK_MS * 0.8, where);
  assert.deepEqual(tones(samples), [], where);
}

describe("recording alert tone", () => {
  for (const [title, option, { caller, callee, recorded }] of [
    ["to both sides, and in the recording", {}, { caller: true, callee: true, recorded: true }],
    ["to both sides, not in the recording", { recorded: false }, { caller: true, callee: true, recorded: false }],
    // R3: of two internal parties the called one is the agent.
    ["to the agent only", { sides: ["agent"], recorded: false }, { caller: false, callee: true, recorded: false }],
  ] as const) {
    test(title, async (t) => {
      const tone: ConfigTree = {
        every: `${EVERY_MS}ms`,
        duration: "200ms",
        frequency: ALERT_HZ,
        recorded: option.recorded ?? true,
        ...("sides" in option ? { sides: Array.from(option.sides) } : {}),
      };
      const system = await startSystem({
        mode: "one-process",
        config: { "sip-server": { options: { "recording-alert-tone": tone } } },
      });
      t.after(() => system.dispose());
      const call = await talking(t, system, "7002", "7001");
      await hearsEachOther(call, CALLER_HZ, CALLEE_HZ);
      const from = performance.now();
      await talk(TALK_MS);
      const to = performance.now() - 100;
      for (const [side, hears] of [
        ["caller", caller],
        ["callee", callee],
      ] as const) {
        const heard = call[side].heard.samples(from, to);
        hasTone(heard, side === "caller" ? CALLEE_HZ : CALLER_HZ);
        if (hears) beeps(heard, `the ${side} hears`);
        else isFree(heard, `the ${side} hears`);
      }
      await call.caller.bye();
      const row = await recordingOf(system, "7001");
      const { channels } = readWav(await system.fetchAudio(row.id));
      assert.equal(channels.length, 2);
      if (recorded) for (const [index, channel] of channels.entries()) beeps(channel, `channel ${index}`);
      else for (const [index, channel] of channels.entries()) isFree(channel, `channel ${index}`);
      await ledgerSays(system, "7001", "recorded", null);
      await system.stop();
    });
  }

  test("an unrecorded call has none", async (t) => {
    const system = await startSystem({
      mode: "one-process",
      config: { "sip-server": { options: { "recording-alert-tone": { every: `${EVERY_MS}ms`, duration: "200ms" } } } },
    });
    t.after(() => system.dispose());
    const call = await talking(t, system, "7101", "7005");
    await hearsEachOther(call, CALLER_HZ, CALLEE_HZ);
    const from = performance.now();
    await talk(2500);
    for (const { heard } of [call.caller, call.callee]) {
      assert.deepEqual(tones(heard.samples(from, performance.now() - 100)), []);
    }
    await call.caller.bye();
    await system.stop();
  });
});
