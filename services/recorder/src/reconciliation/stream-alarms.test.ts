import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogFields, type Logger, ManualClock } from "@sidetone/foundation";
import { StreamAlarms } from "./stream-alarms.ts";

const SILENT = { session: 1, channel: 1, recordingId: "rec", callUuid: "U", silentMs: 10_000 };

function rig() {
  const clock = new ManualClock();
  const told: string[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: ({ alarm, side }: LogFields) => told.push(`${String(alarm)} ${String(side)}`),
    child: () => log,
  };
  return { clock, told, alarms: new StreamAlarms(clock, log) };
}

test("R34: a stream that falls silent while the call is up is told once, until it is back", () => {
  const { alarms, told } = rig();
  alarms.silent(SILENT);
  alarms.silent(SILENT);
  assert.deepEqual([told, alarms.now.length, alarms.total], [["stream-silent agent"], 1, 1]);
  alarms.back(1, 1);
  assert.deepEqual(alarms.now, []);
});

test("R34: while a party holds the call nobody need send; who stays silent after it is told", () => {
  const { alarms, told, clock } = rig();
  alarms.held("rec", true);
  alarms.silent(SILENT);
  alarms.silent({ ...SILENT, channel: 0 });
  clock.advance(60_000);
  alarms.held("rec", false);
  // The customer speaks again.
  alarms.back(1, 0);
  clock.advance(9000);
  assert.deepEqual(told, []);
  clock.advance(1000);
  assert.deepEqual([told, alarms.now.map(({ side }) => side)], [["stream-silent agent"], ["agent"]]);
});

test("R34: a call that is put on hold again, or ends, tells nothing", () => {
  const { alarms, told, clock } = rig();
  alarms.held("rec", true);
  alarms.silent(SILENT);
  clock.advance(60_000);
  alarms.held("rec", false);
  clock.advance(5000);
  alarms.held("rec", true);
  clock.advance(60_000);
  alarms.held("rec", false);
  alarms.over(1);
  clock.advance(60_000);
  assert.deepEqual([told, alarms.total], [[], 0]);
});
