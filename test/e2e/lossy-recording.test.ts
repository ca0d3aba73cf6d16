// Faults C5: only the way to the recorder is lossy. The parties notice nothing, and the recording says what it lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inNamespace, needs, run, startSystem, talk, tone } from "@sidetone/testing";
import { connect, hearsEachOther, phone, recordingOf } from "./phones.ts";

const LOSS = 0.2;
const TALK_MS = 5000;

test("C5: one packet in five is lost on the way to the recorder: no gap at the phones, each loss is told, the file has its length", {
  skip: inNamespace ? needs("iptables") : "needs the runner's network namespace",
}, async (t) => {
  const system = await startSystem();
  t.after(() => system.dispose());
  const rule = ["INPUT", "-p", "udp", "--dport", system.ports.recorderRtp.join(":")];
  const drop = ["-m", "statistic", "--mode", "random", "--probability", String(LOSS), "-j", "DROP"];
  const a = await phone(t, system, "7001", { source: tone(437) });
  const b = await phone(t, system, "7002", { source: tone(1013) });
  run("iptables", ["-A", ...rule, ...drop]);
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  const from = performance.now();
  await talk(TALK_MS);
  const to = performance.now();
  for (const side of [call.caller, call.callee]) {
    const times = side.heard.packets.map(({ at }) => at).filter((at) => at >= from && at <= to);
    const longest = Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? at)));
    assert.ok(times.length > (TALK_MS / 20) * 0.95, `${times.length} packets in ${TALK_MS} ms`);
    assert.ok(longest < 150, `a silence of ${Math.round(longest)} ms`);
  }
  await call.caller.bye();
  const row = await recordingOf(system, "7001");
  assert.equal(row.state, "complete");
  assert.ok(row.durationMs > TALK_MS, `${row.durationMs} ms`);
  for (const channel of row.channels) {
    const packets = row.durationMs / 20;
    const lost = Number(channel["lostPackets"]);
    assert.ok(
      lost > packets * LOSS * 0.5 && lost < packets * LOSS * 1.6,
      `${lost} of ${Math.round(packets)} packets lost`,
    );
    assert.ok(Math.abs(Number(channel["lostMs"]) - 20 * lost) <= 20, JSON.stringify(channel));
  }
});
