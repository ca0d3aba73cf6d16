import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wavHeader } from "@sidetone/recording-file";
import { compareWav, encodeUlaw, seededRandom } from "@sidetone/testing";
import type { Sent, SentReport } from "./wire.fixture.ts";

const SILENCE = 0xff;
const PCMU = 0;
/** Samples that are added up to one: what is left is below 1 kHz, so that a fraction of a sample does not matter. */
const SMOOTH = 6;
/** The shortest way through the networks of these tests. */
const WAY_MS = 5;
/** Of both channels against the wire, and against each other. */
const MOST_OFF_MS = 20;

const voices = new Map<number, Uint8Array>();

/** A murmur of a channel that is never twice the same, µ-law: every 200 ms of it can be found again. */
export function murmur(channel: number): (n: number, length: number) => Uint8Array {
  return (n, length) => {
    let voice = voices.get(channel);
    if (voice === undefined || voice.length < n + length) {
      voice = newVoice(channel, Math.max(80_000, 2 * (n + length)));
      voices.set(channel, voice);
    }
    return voice.subarray(n, n + length);
  };
}

function newVoice(channel: number, samples: number): Uint8Array {
  const random = seededRandom(4711 + channel);
  const noise = Float64Array.from({ length: samples + SMOOTH }, () => random() - 0.5);
  return Uint8Array.from({ length: samples }, (_, n) => {
    let sum = 0;
    for (let k = 0; k < SMOOTH; k++) sum += noise[n + k] ?? 0;
    return encodeUlaw(12_000 * sum);
  });
}

/** What was put on the wire, as a stereo file that begins at an instant: each packet's octets at the time when they were said. */
function wireOf(sent: readonly (Sent | SentReport)[], fromMs: number, frames: number): Buffer {
  const audio = Buffer.alloc(2 * frames, SILENCE);
  for (const packet of sent) {
    if (!("payload" in packet) || packet.payloadType !== PCMU) continue;
    // It leaves when its last sample was said.
    const at = Math.round((packet.atMs - fromMs) * 8) - packet.payload.length;
    for (const [n, octet] of packet.payload.entries())
      if (at + n >= 0 && at + n < frames) audio[2 * (at + n) + packet.channel] = octet;
  }
  return audio;
}

/** A recording's stereo µ-law octets, and when they begin, ms after the origin. */
export interface Judged {
  readonly audio: Uint8Array;
  readonly zeroMs: number;
}

/**
 * The recording as a file goes through wavcheck against what was on the wire: a right header, nothing of the time line lost or inserted, and each
 * channel within 20 ms of the wire and of the other one, wherever it can be compared.
 * @param o `silent`: channels that have to be so; `lastSeconds`: only the end is compared; `share`: of the compared time that must be recognised;
 *   `slackMs`: what may seem lost or inserted, where a clock drifts
 */
export async function passesWavcheck(
  recording: Judged,
  sent: readonly (Sent | SentReport)[],
  o: {
    readonly silent?: readonly number[];
    readonly lastSeconds?: number;
    readonly share?: number;
    readonly slackMs?: number;
  } = {},
): Promise<void> {
  const { silent = [], share = 0.9, slackMs = 0 } = o;
  const frames = recording.audio.length / 2;
  const from = o.lastSeconds === undefined ? 0 : Math.max(0, frames - 8000 * o.lastSeconds);
  const folder = mkdtempSync(join(tmpdir(), "sidetone-wavcheck-"));
  try {
    const save = (name: string, audio: Uint8Array): string => {
      const file = join(folder, name);
      writeFileSync(file, Buffer.concat([wavHeader("pcmu", frames - from), audio]));
      return file;
    };
    const file = save("call.wav", recording.audio.subarray(2 * from));
    const onWire = wireOf(sent, recording.zeroMs + from / 8, frames - from);
    const wire = save("wire.wav", onWire);
    const heard = [0, 1].filter((channel) => !silent.includes(channel));
    const report = await compareWav(file, {
      expect: Object.fromEntries([0, 1].map((channel) => [channel, silent.includes(channel) ? "silence" : "sound"])),
      references: Object.fromEntries(heard.map((channel) => [channel, `${wire}#${channel}`])),
      maxLostMs: slackMs,
      strictHeader: true,
      ...(heard.length === 2 ? { maxRefSkewMs: MOST_OFF_MS } : {}),
    });
    for (const channel of heard) {
      const said = onWire.filter((octet, n) => n % 2 === channel && octet !== SILENCE).length / 8000;
      const { coveredSeconds, offsetsMs } = report[channel] ?? assert.fail(`channel ${channel} was not compared`);
      assert.ok(coveredSeconds >= share * said, `channel ${channel}: ${coveredSeconds} of ${said} s are recognised`);
      const worst = Math.max(...offsetsMs.map((off) => Math.abs(off - WAY_MS)));
      assert.ok(worst <= MOST_OFF_MS, `channel ${channel} is ${worst} ms off the wire`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
