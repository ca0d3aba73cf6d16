import assert from "node:assert/strict";
import { test } from "node:test";
import { RtpView, writeRtpHeader } from "@sidetone/rtp";
import { SourceLine } from "./source-line.ts";

/** Packets `from` to `to` of 20 ms, each so many samples late; the lag that reports tell after each. */
function told(line: SourceLine, from: number, to: number, late: number): number[] {
  const view = new RtpView();
  const data = new Uint8Array(172);
  const lags: number[] = [];
  for (let n = from; n < to; n += 1) {
    writeRtpHeader(data, 0, 0, false, n, n * 160, 7);
    assert.ok(view.read(data, 0, data.length));
    line.arrival = (n + 1) * 160 + late;
    line.take(view, 160);
    lags.push(line.reportLag(line.arrival));
  }
  return lags;
}

test("R31: a phone that is 110 ms late for three seconds is told as before: what is told and taken back costs a recorder audio", () => {
  const line = new SourceLine();
  const lags = new Set([...told(line, 0, 200, 0), ...told(line, 200, 350, 880), ...told(line, 350, 600, 0)]);
  assert.deepEqual(Array.from(lags), [0]);
});

test("C7: a delay that stays is told after four seconds, one above 300 ms at once", () => {
  const slow = new SourceLine();
  told(slow, 0, 200, 0);
  assert.equal(told(slow, 200, 550, 880).at(-1), 880);
  const jump = new SourceLine();
  told(jump, 0, 200, 0);
  assert.equal(told(jump, 200, 310, 3200).at(-1), 3200);
});
