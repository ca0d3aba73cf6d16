import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExpectedParty } from "./expected-party.ts";
import type { HeldRecording } from "./held-recording.ts";
import { type Judgement, judge } from "./judge.ts";

const S = 1_000_000;
/** A call of 60 s. */
const FROM = 1_000 * S;
const UNTIL = FROM + 60 * S;
const LATER = UNTIL + 600 * S;

const expected = (o: Partial<ExpectedParty> = {}): ExpectedParty => ({
  line: 1,
  callUuid: "U1",
  connId: "0001000000000001",
  dn: "7001",
  side: "agent",
  turn: 1,
  cause: "full-time",
  from: FROM,
  until: UNTIL,
  outcome: "recorded",
  reason: undefined,
  recordingId: "rec-1",
  policy: undefined,
  ...o,
});

/** Positions in seconds of the call. */
const s = (from: number, to: number): { from: number; to: number } => ({ from: FROM + from * S, to: FROM + to * S });

const recording = (o: Partial<HeldRecording> = {}): HeldRecording => ({
  id: "rec-1",
  recorder: undefined,
  state: "complete",
  span: s(0, 60),
  gaps: [],
  silent: { customer: [], agent: [] },
  pauses: [],
  holds: [],
  lostMs: 0,
  gone: undefined,
  damage: undefined,
  ...o,
});

const judged = (party: ExpectedParty, held: readonly HeldRecording[], now = LATER): Judgement =>
  judge(party, held, now, { silenceMs: 10_000 });

interface Row {
  readonly name: string;
  readonly party?: Partial<ExpectedParty>;
  readonly held: readonly Partial<HeldRecording>[];
  readonly now?: number;
  readonly verdict: Judgement["verdict"];
  readonly reason?: RegExp;
  /** kind ms [at] [side], in order. */
  readonly findings?: readonly string[];
  readonly recordedMs?: number;
}

const rows: readonly Row[] = [
  // recorded
  { name: "a whole recording", held: [{}], verdict: "recorded", findings: [], recordedMs: 60_000 },
  {
    name: "half a second late and a second short is the way of things",
    held: [{ span: s(0.5, 59) }],
    verdict: "recorded",
  },
  {
    name: "two parts of two recorders that overlap (R31)",
    held: [
      { span: s(0, 31), state: "partial" },
      { span: s(30, 60), recorder: "http://b" },
    ],
    verdict: "recorded",
    recordedMs: 60_000,
  },
  {
    name: "a copy makes up for what the first lacks (R10)",
    held: [{ span: s(0, 20), state: "partial" }, { id: "rec-1~c2" }],
    verdict: "recorded",
  },
  {
    name: "a copy whose file is gone, the other is there",
    held: [{ gone: "its folder is gone" }, { id: "rec-1~c2" }],
    verdict: "recorded",
    findings: ["copy-damaged 0"],
  },
  {
    name: "SIP Server says partial, but the copies have all",
    party: { outcome: "partial", reason: "recorder-lost" },
    held: [{}],
    verdict: "recorded",
  },
  { name: "a recorder that had to take an id of its own", held: [{ id: "other" }], verdict: "recorded" },
  { name: "a recorder that marked it partial, and has all", held: [{ state: "partial" }], verdict: "recorded" },
  {
    name: "silence suppression: many short silences of one side",
    held: [{ silent: { customer: [s(1, 5), s(6, 12), s(20, 29)], agent: [] } }],
    verdict: "recorded",
    findings: [],
  },
  {
    name: "R28: silent because on hold",
    held: [{ silent: { customer: [s(10, 40)], agent: [] }, holds: [s(10, 40)] }],
    verdict: "recorded",
  },
  {
    name: "R19: a pause is not expected",
    held: [{ pauses: [s(10, 30)] }],
    verdict: "recorded",
    findings: ["paused 20000"],
    recordedMs: 40_000,
  },
  {
    name: "R19: both silent in a pause",
    held: [{ pauses: [s(10, 30)], silent: { customer: [s(10, 30)], agent: [s(10, 30)] } }],
    verdict: "recorded",
  },
  {
    name: "R18: stopped by a client",
    party: { until: FROM + 20 * S, policy: "R18 stopped by a client" },
    held: [{ span: s(0, 20) }],
    verdict: "recorded",
    findings: ["stopped 0"],
  },
  {
    name: "a START in mid-call may take two seconds",
    party: { cause: "dynamic" },
    held: [{ span: s(1.9, 60) }],
    verdict: "recorded",
  },
  {
    name: "SIP Server was restarted and knows no end",
    party: { until: undefined, outcome: "unknown", reason: "server restarted" },
    held: [{}],
    verdict: "recorded",
    findings: ["end-unknown 0"],
  },
  { name: "a few packets lost", held: [{ lostMs: 900 }], verdict: "recorded" },
  // partial
  {
    name: "the recorder died: ends early",
    held: [{ span: s(0, 20), state: "partial" }],
    verdict: "partial",
    reason: /^ends-early: the last 40\.0 s/,
    findings: ["ends-early 40000 20000"],
    recordedMs: 20_000,
  },
  {
    name: "R17: began in mid-call",
    party: { outcome: "partial", reason: "late: no-recorder" },
    held: [{ span: s(5, 60) }],
    verdict: "partial",
    reason: /^late-start: the first 5\.0 s .*\(SIP Server: late: no-recorder\)/,
    findings: ["late-start 5000 0"],
  },
  {
    name: "R30: a gap between two Media Servers",
    held: [{ gaps: [s(10, 11.5)] }],
    verdict: "partial",
    reason: /^gap: 1\.5 s are missing at 10\.0 s/,
    findings: ["gap 1500 10000"],
  },
  {
    name: "R31: a gap between two recorders",
    held: [{ span: s(0, 20) }, { span: s(22, 60) }],
    verdict: "partial",
    findings: ["gap 2000 20000"],
  },
  {
    name: "late and short and with a gap",
    held: [{ span: s(1, 50), gaps: [s(10, 11)] }],
    verdict: "partial",
    findings: ["late-start 1000 0", "gap 1000 10000", "ends-early 10000 50000"],
    recordedMs: 48_000,
  },
  {
    name: "one side silent all the time",
    held: [{ silent: { customer: [s(0, 60)], agent: [] } }],
    verdict: "partial",
    reason: /^one-sided: the customer sent no audio at all/,
    findings: ["one-sided 60000 0 customer"],
  },
  {
    name: "one side silent all the time, in a call shorter than the threshold",
    party: { until: FROM + 5 * S },
    held: [{ span: s(0, 5), silent: { customer: [], agent: [s(0, 5)] } }],
    verdict: "partial",
    findings: ["one-sided 5000 0 agent"],
  },
  {
    name: "one side falls silent",
    held: [{ silent: { customer: [], agent: [s(48, 60)] } }],
    verdict: "partial",
    findings: ["one-sided 12000 48000 agent"],
  },
  {
    name: "one side silent, a copy has it",
    held: [{ silent: { customer: [s(0, 60)], agent: [] } }, { id: "rec-1~c2" }],
    verdict: "recorded",
  },
  { name: "much was lost on the way", held: [{ lostMs: 3000 }], verdict: "partial", findings: ["loss 3000"] },
  {
    name: "the file was truncated",
    held: [{ gaps: [s(55, 60)], damage: "audio-000001.g711 has lost 5000 ms" }],
    verdict: "partial",
    reason: /^media-short: audio-000001/,
    findings: ["media-short 0", "ends-early 5000 55000"],
  },
  {
    name: "the file was truncated by a little",
    held: [{ gaps: [s(59.9, 60)], damage: "audio-000001.g711 has lost 100 ms" }],
    verdict: "partial",
    findings: ["media-short 0"],
  },
  {
    name: "the recorder does not end it",
    held: [{ state: "recording" }],
    verdict: "partial",
    findings: ["still-open 0"],
  },
  {
    name: "SIP Server was restarted; what is held has a gap",
    party: { until: undefined, outcome: "unknown" },
    held: [{ gaps: [s(10, 12)] }],
    verdict: "partial",
    findings: ["gap 2000 10000", "end-unknown 0"],
  },
  // missing
  {
    name: "no recorder was there",
    party: { outcome: "not-recorded", reason: "no-recorder", recordingId: undefined },
    held: [],
    verdict: "missing",
    reason: /^no-recorder$/,
  },
  {
    name: "the recorder refused",
    party: { outcome: "not-recorded", reason: "recorder-refused (486)" },
    held: [],
    verdict: "missing",
    reason: /^recorder-refused/,
  },
  { name: "SIP Server says recorded, nobody has it", held: [], verdict: "missing", reason: /^not-held: .*rec-1/ },
  {
    name: "the folder was deleted",
    held: [{ gone: "its folder is gone" }],
    verdict: "missing",
    reason: /^media-gone: its folder is gone \(rec-1\)/,
    findings: ["media-gone 60000"],
  },
  {
    name: "SIP Server was restarted, nothing is held",
    party: { until: undefined, outcome: "unknown", reason: "server restarted" },
    held: [],
    verdict: "missing",
    reason: /^server restarted$/,
  },
  {
    name: "a recording of another time of the same call",
    party: { recordingId: undefined },
    held: [{ span: s(70, 80) }],
    verdict: "missing",
  },
  { name: "a recording without any audio", held: [{ span: s(0, 0), state: "failed" }], verdict: "missing" },
  // by policy
  {
    name: "R27: a consultation that is left out",
    party: { outcome: "not-recorded", reason: "by-policy", policy: "R27 record-consult-calls: false" },
    held: [],
    verdict: "by-policy",
  },
  { name: "R19: paused all the time", held: [{ pauses: [s(0, 60)] }], verdict: "by-policy" },
  // pending
  {
    name: "the call is up",
    party: { until: undefined, outcome: "recorded" },
    held: [{ state: "recording", span: s(0, 10) }],
    now: FROM + 10 * S,
    verdict: "pending",
  },
  {
    name: "the call is up and not recorded",
    party: { until: undefined, outcome: "not-recorded", reason: "no-recorder" },
    held: [],
    now: FROM + 10 * S,
    verdict: "pending",
  },
  {
    name: "the call has just ended, the recording not yet",
    held: [{ state: "recording" }],
    now: UNTIL + S,
    verdict: "pending",
  },
  { name: "the call has just ended, nothing is there yet", held: [], now: UNTIL + S, verdict: "pending" },
];

describe("R34: every kind of loss is found, and nothing else", () => {
  for (const row of rows)
    test(`${row.verdict}: ${row.name}`, () => {
      const got = judged(expected(row.party), row.held.map(recording), row.now);
      const said = JSON.stringify(got);
      assert.equal(got.verdict, row.verdict, said);
      if (row.reason !== undefined) assert.match(got.reason ?? "", row.reason);
      if (row.verdict === "recorded") assert.equal(got.reason, undefined);
      if (row.recordedMs !== undefined) assert.equal(got.recordedMs, row.recordedMs);
      if (row.findings !== undefined)
        assert.deepEqual(
          got.findings.map((f) => [f.kind, f.ms, f.atMs, f.side].filter((part) => part !== undefined).join(" ")),
          row.findings,
          said,
        );
    });

  test("R27: what is left out by policy says by which", () => {
    const party = expected({
      outcome: "not-recorded",
      reason: "by-policy",
      policy: "R2 disabled by a routing strategy",
    });
    assert.equal(judged(party, []).policy, "R2 disabled by a routing strategy");
    assert.equal(judged(expected(), [recording({ pauses: [s(0, 60)] })]).policy, "R19 paused by a client");
  });
});
