import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type LogFields, type Logger, ManualClock, rfc3339 } from "@sidetone/foundation";
import type { GetJson } from "./get-json.ts";
import type { HeldRecording } from "./held-recording.ts";
import type { Holdings } from "./holdings.ts";
import { LedgerFollower } from "./ledger-follower.ts";
import { Reconciler } from "./reconciler.ts";
import { totals } from "./totals.ts";
import { ReconciliationStore } from "./reconciliation-store.ts";
import type { AsyncStore } from "./store-thread.ts";

const SIP = "http://sip.test";

/** A SIP Server's ledger as its API gives it. */
class FakeLedger {
  id = "ledger-1";
  away: { readonly status: number | undefined; readonly text: string } | undefined;
  asked: string[] = [];
  readonly #lines = new Map<number, { change: number; line: Record<string, unknown> }>();
  #change = 0;

  put(id: number, line: Record<string, unknown>): void {
    const before = this.#lines.get(id)?.line ?? {};
    this.#change += 1;
    this.#lines.set(id, { change: this.#change, line: { id, side: "agent", turn: 1, ...before, ...line } });
  }

  get: GetJson = async (url) => {
    this.asked.push(url);
    if (this.away !== undefined) return { ok: false, ...this.away };
    const query = new URL(url).searchParams;
    const after = Number(query.get("after"));
    const limit = 2;
    const found = Array.from(this.#lines.values())
      .filter(({ change }) => change > after)
      .sort((a, b) => a.change - b.change);
    const page = found.slice(0, limit);
    const body = {
      ledgerId: this.id,
      ledger: page.map(({ line }) => line),
      next: page.at(-1)?.change ?? after,
      more: found.length > limit,
    };
    return { ok: true, body };
  };
}

interface Rig {
  readonly clock: ManualClock;
  readonly ledger: FakeLedger;
  readonly held: Map<string, HeldRecording[]>;
  readonly alarms: string[];
  unheard: string[];
  readonly reconciler: Reconciler;
  readonly store: AsyncStore;
  /** A call of 10 s that has ended; SIP Server says that it was recorded. */
  call(id: number, o?: Record<string, unknown>): void;
  holds(id: number): void;
  verdicts(): Promise<string[]>;
}

function rig(t: TestContext, o: { file?: string; ledger?: FakeLedger; clock?: ManualClock } = {}): Rig {
  const clock = o.clock ?? new ManualClock();
  const ledger = o.ledger ?? new FakeLedger();
  const held = new Map<string, HeldRecording[]>();
  const alarms: string[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: ({ alarm, callUuid }: LogFields) =>
      alarms.push(`${String(alarm)} ${typeof callUuid === "string" ? callUuid : ""}`.trim()),
    child: () => log,
  };
  const inner = new ReconciliationStore(o.file ?? ":memory:");
  const store: AsyncStore = {
    placeOf: async (...a) => inner.placeOf(...a),
    take: async (...a) => inner.take(...a),
    due: async (...a) => inner.due(...a),
    next: async (...a) => inner.next(...a),
    judged: async (...a) => inner.judged(...a),
    forget: async (...a) => inner.forget(...a),
    list: async (...a) => inner.list(...a),
    counts: async (...a) => inner.counts(...a),
    groups: async (...a) => inner.groups(...a),
    close: async () => inner.close(),
  };
  const begin = clock.wallMicros() - 3_600_000_000;
  const made: Rig = {
    clock,
    ledger,
    held,
    alarms,
    unheard: [],
    store,
    reconciler: new Reconciler({
      followers: [new LedgerFollower({ sipServer: SIP, get: ledger.get, store, clock, log })],
      store,
      holders: { of: async (): Promise<Holdings> => ({ byCall: held, unheard: made.unheard }) },
      clock,
      log,
      silenceMs: 10_000,
      intervalMs: 1000,
      keepMs: 2 * 3_600_000,
    }),
    call: (id, more = {}) =>
      ledger.put(id, {
        callUuid: `U${id}`,
        dn: "7001",
        outcome: "recorded",
        recordingId: `rec-${id}`,
        expectedFrom: rfc3339(begin),
        expectedUntil: rfc3339(begin + 10_000_000),
        ...more,
      }),
    holds: (id) =>
      held.set(`U${id}`, [
        {
          id: `rec-${id}`,
          recorder: undefined,
          state: "complete",
          span: { from: begin, to: begin + 10_000_000 },
          gaps: [],
          silent: { customer: [], agent: [] },
          pauses: [],
          holds: [],
          lostMs: 0,
          gone: undefined,
          damage: undefined,
        },
      ]),
    verdicts: async () =>
      (await store.list({}, 100, undefined))
        .map(({ party, judgement }) => `${party.callUuid} ${judgement?.verdict ?? "pending"}`)
        .sort(),
  };
  t.after(() => made.reconciler.close());
  return made;
}

test("R34: what was found is kept for as long as the configuration says, what is still to be found for longer", async (t) => {
  const r = rig(t);
  const old = r.clock.wallMicros() - 3 * 3_600_000_000;
  const at = { expectedFrom: rfc3339(old), expectedUntil: rfc3339(old + 10_000_000) };
  r.call(1, at);
  r.call(2, { ...at, expectedUntil: null, outcome: "open", recordingId: null });
  r.call(3, at);
  r.unheard = ["http://other.test"];
  r.call(4);
  r.holds(4);
  await r.reconciler.round();
  // Nobody knows yet whether 1 and 3 are there.
  assert.deepEqual(await r.verdicts(), ["U1 pending", "U2 pending", "U3 pending", "U4 recorded"]);
  r.unheard = [];
  r.clock.advance(20_000);
  await r.reconciler.round();
  assert.deepEqual(r.alarms, ["recording-missing U1", "recording-missing U3"]);
  assert.deepEqual(await r.verdicts(), ["U2 pending", "U4 recorded"]);
});

test("R34: all pages of a ledger are read and judged, and only what is new the next time", async (t) => {
  const r = rig(t);
  for (const id of [1, 2, 3, 4, 5]) r.call(id);
  for (const id of [1, 2, 3, 4]) r.holds(id);
  await r.reconciler.round();
  assert.deepEqual(await r.verdicts(), ["U1 recorded", "U2 recorded", "U3 recorded", "U4 recorded", "U5 missing"]);
  assert.deepEqual(r.alarms, ["recording-missing U5"]);
  r.ledger.asked = [];
  r.call(6, { outcome: "not-recorded", reason: "by-policy", policy: "R27 record-consult-calls: false" });
  await r.reconciler.round();
  assert.deepEqual(r.ledger.asked, [`${SIP}/api/v1/ledger/changes?after=5&limit=1000`]);
  const counts = await r.store.counts({});
  assert.deepEqual(totals(counts), {
    expected: 5,
    recorded: 4,
    partial: 0,
    missing: 1,
    byPolicy: 1,
    pending: 0,
    shareRecorded: 0.8,
  });
  assert.deepEqual(
    counts.filter(({ reason }) => reason !== "").map(({ verdict, reason }) => `${verdict} ${reason}`),
    ["by-policy R27 record-consult-calls: false", "missing not-held"],
  );
  assert.deepEqual(r.alarms, ["recording-missing U5"], "told once");
});

test("R34: a call that is up is pending, and judged when its line says that it has ended", async (t) => {
  const r = rig(t);
  r.call(1, { expectedUntil: null });
  await r.reconciler.round();
  assert.deepEqual(await r.verdicts(), ["U1 pending"]);
  r.call(1);
  await r.reconciler.round();
  assert.deepEqual(await r.verdicts(), ["U1 missing"]);
});

test("R34: what is deleted after it was found whole is found in its turn", async (t) => {
  const r = rig(t);
  for (let id = 1; id <= 30; id += 1) {
    r.call(id);
    r.holds(id);
  }
  await r.reconciler.round();
  assert.equal((await r.verdicts()).filter((one) => one.endsWith("recorded")).length, 30);
  r.held.set("U30", []);
  await r.reconciler.round();
  await r.reconciler.round();
  assert.deepEqual(r.alarms, ["recording-missing U30"]);
  assert.deepEqual([r.reconciler.counts().found, r.reconciler.counts().lostLater], [1, 1]);
});

test("R34: a restarted recorder goes on where it was, and knows what it found", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-reconciliation-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "r.sqlite");
  const first = rig(t, { file });
  first.call(1);
  first.call(2);
  first.holds(1);
  await first.reconciler.round();
  await first.reconciler.close();
  const { ledger, clock } = first;
  ledger.asked = [];
  ledger.away = { status: undefined, text: "does not answer: ECONNREFUSED" };
  const second = rig(t, { file, ledger, clock });
  second.holds(1);
  await second.reconciler.round();
  assert.deepEqual(await second.verdicts(), ["U1 recorded", "U2 missing"]);
  assert.deepEqual(ledger.asked, [`${SIP}/api/v1/ledger/changes?after=2&limit=1000`]);
  const [state] = second.reconciler.ledgers;
  assert.equal(state?.state, "away");
  assert.equal(state?.unknownSince, rfc3339(clock.wallMicros()));
});

test("R34: a SIP Server that is away is told once, and since when nothing is known; back, it is read on", async (t) => {
  const r = rig(t);
  r.call(1, { expectedUntil: null });
  await r.reconciler.round();
  const known = rfc3339(r.clock.wallMicros());
  r.ledger.away = { status: 401, text: "answers 401" };
  r.clock.advance(500);
  await r.reconciler.round();
  await r.reconciler.round();
  assert.deepEqual(r.alarms, ["ledger-unreadable"]);
  const [away] = r.reconciler.ledgers;
  assert.deepEqual([away?.state, away?.unknownSince], ["away", known]);
  assert.match(away?.problem ?? "", /answers 401\. Give the recorder the api-token/);
  r.ledger.away = undefined;
  r.call(1);
  r.holds(1);
  await r.reconciler.round();
  assert.deepEqual(r.reconciler.ledgers, [{ sipServer: SIP, state: "up", unknownSince: null, problem: null }]);
  assert.deepEqual(await r.verdicts(), ["U1 recorded"]);
});

test("R34: a ledger that was replaced is read from its beginning; what was found of the old one stays", async (t) => {
  const r = rig(t);
  r.call(1);
  r.call(2);
  await r.reconciler.round();
  r.ledger.id = "ledger-2";
  await r.reconciler.round();
  const asked = r.ledger.asked.slice(-2).map((url) => new URL(url).searchParams.get("after"));
  assert.deepEqual(asked, ["2", "0"]);
  assert.equal((await r.verdicts()).length, 4);
});

test("R34: while another recorder does not answer nothing is called missing", async (t) => {
  const r = rig(t);
  r.call(1);
  r.unheard = ["http://other.test"];
  await r.reconciler.round();
  const [one] = await r.store.list({}, 1, undefined);
  assert.equal(one?.judgement?.verdict, "pending");
  assert.match(one?.judgement?.reason ?? "", /^unknown: http:\/\/other\.test does not answer/);
  r.unheard = [];
  r.clock.advance(15_000);
  await r.reconciler.round();
  assert.deepEqual(await r.verdicts(), ["U1 missing"]);
});

test("a line that cannot be read is left out; an answer that is none is a SIP Server away", async (t) => {
  const r = rig(t);
  r.ledger.put(1, { callUuid: "U1", dn: "7001", outcome: "recorded" });
  r.call(2);
  await r.reconciler.round();
  assert.deepEqual(await r.verdicts(), ["U2 missing"]);
  r.ledger.away = undefined;
  const other = rig(t);
  other.ledger.put(1, {});
  other.ledger.id = undefined as unknown as string;
  await other.reconciler.round();
  assert.equal(other.reconciler.ledgers[0]?.state, "away");
});
