import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answeredParties, type Call, type Party, presentParties } from "../call-model/call.ts";
import { act, type Change } from "../call-model/model-check/act.ts";
import { type Action, actionsOf, type Bounds, describe } from "../call-model/model-check/actions.ts";
import { model } from "../call-model/model-check/model.ts";
import { newWorld } from "../call-model/model-check/world.ts";
import { lastingOf } from "./lasting.ts";
import { recordingWishes, type Side, sidesOf } from "./policy.ts";
import { cellsOf, consultation, type Happening, sidesAtEnd, table } from "./truth-table.fixture.ts";

/** The recording of one call, as the signalling carries out what `lastingOf` says of it. */
class Recording {
  readonly told: string[] = [];
  flagged: Set<string> | undefined;
  readonly cleared = new Set<string>();
  sides = new Map<string, Side>();

  /** After every change of the call. */
  judge(call: Call): void {
    if (call.answeredMicros === undefined || call.endedMicros !== undefined) {
      if (call.endedMicros !== undefined) this.flagged = undefined;
      return;
    }
    const wishes = recordingWishes(call).filter(({ party }) => !this.cleared.has(party));
    const { kind, due, left } = lastingOf(call, { flagged: this.flagged, wishes });
    if (kind === "starts" || kind === "ends") this.told.push(kind);
    for (const party of left) assert.ok(!presentParties(call).some(({ id }) => id === party), "it is there");
    if (kind === "ends") this.flagged = undefined;
    if (kind === "starts") this.flagged = new Set();
    for (const { party } of due) this.flagged?.add(party);
  }

  /** R6: a client's STOP. */
  stop(call: Call): void {
    for (const { id } of presentParties(call)) this.cleared.add(id);
    this.flagged = undefined;
  }

  check(call: Call): void {
    if (call.answeredMicros === undefined || call.endedMicros !== undefined) return;
    const wanted = presentParties(call).filter(({ id, recorded }) => recorded && !this.cleared.has(id));
    const flagged = presentParties(call).filter(({ id }) => this.flagged?.has(id));
    if (this.flagged !== undefined) assert.ok(wanted.length + flagged.length > 0, "records, and nobody is recorded");
    for (const { id } of answeredParties(call).filter((party) => wanted.includes(party))) {
      assert.ok(this.flagged?.has(id), `${id} has answered, is recorded, and no recording has it`);
    }
    const sides = sidesOf(call);
    const before = this.flagged === undefined ? new Map<string, Side>() : this.sides;
    for (const { id } of answeredParties(call)) {
      const side = before.get(id);
      if (side !== undefined) assert.equal(sides.get(id), side, `R26: side of ${id}`);
    }
    this.sides = new Map(answeredParties(call).map(({ id }) => [id, sides.get(id) ?? "agent"]));
  }
}

/** A world in which some phones are recorded, and the recording of each of its calls. */
class RecordedWorld {
  world = newWorld();
  readonly recordings = new Map<string, Recording>();
  readonly #recorded: ReadonlySet<string>;
  readonly #external: ReadonlySet<string>;

  constructor(recorded: Iterable<string>, external: Iterable<string> = ["9000"]) {
    this.#recorded = new Set(recorded);
    this.#external = new Set(external);
  }

  of(call: Call): Recording {
    const found = this.recordings.get(call.connId) ?? new Recording();
    this.recordings.set(call.connId, found);
    return found;
  }

  call(line: 0 | 1): Call {
    return this.as(this.world.lines[line]?.call ?? newWorld().lines[0].call);
  }

  /** Who is recorded, and who is external, is a matter of the phone. */
  as(call: Call): Call {
    const parties = call.parties.map((party): Party => {
      const kind = this.#external.has(party.dn) ? "external" : "internal";
      return { ...party, kind, recorded: this.#recorded.has(party.dn) };
    });
    return { ...call, parties };
  }

  do(action: Action): readonly Change[] {
    const acted = act(this.world, action, model);
    this.world = { ...this.world, lines: acted.lines, begun: acted.begun };
    for (const { after } of acted.changes) {
      const call = this.as(after.call);
      const recording = this.of(call);
      recording.judge(call);
      recording.check(call);
    }
    return acted.changes;
  }
}

const bounds: Bounds = { phones: 4, second: true, routing: true, recording: false };

test("property: R24 to R26: never records nobody, never leaves out who is to be recorded, sides stay", () => {
  let seed = 11n;
  const random = (below: number): number => {
    seed = BigInt.asUintN(64, seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(seed >> 33n) % below;
  };
  let starts = 0;
  let ends = 0;
  for (let walk = 0; walk < 300; walk += 1) {
    const some = (): string[] => ["9000", "7001", "7002", "7003"].filter(() => random(2) === 0);
    const w = new RecordedWorld(some(), some());
    const path: string[] = [];
    for (let tries = 0; tries < 2000 && path.length < 60; tries += 1) {
      const actions = actionsOf(w.world, bounds);
      const action = actions[random(actions.length)];
      if (action === undefined) break;
      if (action.kind === "input" && action.input.kind === "party-released" && random(10) > 0) continue;
      try {
        if (w.do(action).some(({ effects }) => effects.length > 0)) path.push(describe(action));
        if (random(400) === 0) w.of(w.call(0)).stop(w.call(0));
      } catch (error) {
        throw new Error(`walk ${walk}: ${path.join("; ")}; ${describe(action)}: ${String(error)}`, { cause: error });
      }
    }
    for (const { told } of w.recordings.values()) {
      starts += told.filter((one) => one === "starts").length;
      ends += told.filter((one) => one === "ends").length;
    }
  }
  assert.ok(starts > 150 && ends > 15, `${starts} starts, ${ends} ends in mid-call`);
});

const input = (
  line: 0 | 1,
  kind: "party-ringing" | "party-answered" | "party-held" | "party-retrieved",
  party: string,
) => ({ kind: "input", line, input: { kind, party } }) as const;
const leaves = (party: string, cause = "released") =>
  ({ kind: "input", line: 0, input: { kind: "party-released", party, cause } }) as const;

/** A calls B, B answers: what happens then, on the model alone. */
class PureScene {
  readonly w: RecordedWorld;

  constructor(who: string) {
    this.w = new RecordedWorld(Array.from(who).flatMap((letter) => dnOf.get(letter) ?? []));
    this.come(0);
    this.come(0);
    this.w.do(input(0, "party-answered", "b"));
  }

  /** The next phone comes: the only one that may come, or the one that B brings in. */
  come(line: 0 | 1): void {
    const coming = actionsOf(this.w.world, bounds).find(
      (action) =>
        action.kind === "input" &&
        action.line === line &&
        action.input.kind === "party-added" &&
        action.input.party.device === "phone" &&
        [undefined, "b"].includes(action.input.party.introduction?.party) &&
        !presentParties(this.w.call(line)).some(({ id }) => id === partyIdOf(action)),
    );
    assert.ok(coming !== undefined, "nobody may come");
    this.w.do(coming);
  }

  transferTo(): void {
    const step = actionsOf(this.w.world, bounds).find(
      (action) =>
        action.kind === "input" &&
        action.input.kind === "party-transferred" &&
        action.input.party === "b" &&
        action.input.target.id === "c",
    );
    assert.ok(step !== undefined);
    this.w.do(step);
  }

  consult(answered: boolean): void {
    this.w.do({ kind: "begin", how: "consult", party: "b" });
    this.come(1);
    this.w.do(input(1, "party-ringing", "b"));
    if (answered) this.w.do(input(1, "party-answered", "b"));
  }

  merge(how: "transfer" | "conference"): void {
    this.w.do({ kind: "merge", line: 0, how, party: "b", consultParty: "a" });
  }

  conference(): void {
    this.consult(true);
    this.merge("conference");
  }
}

/** The caller is external in this world: the customer; B and C are agents. */
const dnOf = new Map([
  ["A", "9000"],
  ["B", "7001"],
  ["C", "7002"],
]);

function partyIdOf(action: Action): string | undefined {
  return action.kind === "input" && action.input.kind === "party-added" ? action.input.party.id : undefined;
}

function happen(s: PureScene, what: Happening): void {
  switch (what) {
    case "hold and retrieve":
      s.w.do(input(0, "party-held", "b"));
      return void s.w.do(input(0, "party-retrieved", "b"));
    case "single-step transfer":
      s.transferTo();
      return void s.w.do(input(0, "party-answered", "c"));
    case "two-step transfer":
      s.consult(true);
      return s.merge("transfer");
    case "transfer completed while C rings":
    case "mute transfer":
      s.consult(false);
      s.merge("transfer");
      return void s.w.do(input(0, "party-answered", "c"));
    case "conference":
      return s.conference();
    case "single-step conference":
      s.come(0);
      return void s.w.do(input(0, "party-answered", "c"));
    case "conference, A leaves":
    case "conference, B leaves":
    case "conference, C leaves":
      s.conference();
      return void s.w.do(leaves(what.slice("conference, ".length).slice(0, 1).toLowerCase()));
    case "consultation and reconnect":
      s.consult(true);
      s.w.do({ kind: "input", line: 1, input: { kind: "party-released", party: "a", cause: "released" } });
      return void s.w.do(input(0, "party-retrieved", "b"));
    case "single-step transfer, C rings still":
      return s.transferTo();
    case "transfer completed, C rings still":
      s.consult(false);
      return s.merge("transfer");
    case "conference asked for, C rings still":
      return s.come(0);
    case "single-step transfer, C does not answer":
      s.transferTo();
      return void s.w.do(leaves("c", "no-answer"));
  }
}

const told: Readonly<Record<string, readonly [before: string, after: string]>> = {
  ".": ["", ""],
  "=": ["starts", "starts"],
  x: ["starts", "starts ends"],
  "+": ["", "starts"],
  "±": ["", "starts ends"],
};

for (const [what, row] of table) {
  test(`R24 to R27: ${what}: ${row}`, () => {
    for (const [n, { who, outcome }] of cellsOf(row).entries()) {
      const s = new PureScene(who);
      const main = s.w.of(s.w.call(0));
      const [before, after] = told[outcome] ?? [];
      assert.equal(main.told.join(" "), before, `${who}: before`);
      happen(s, what);
      const call = s.w.call(0);
      if (call.endedMicros !== undefined)
        main.told.push(...(main.told.length > 0 && !main.told.includes("ends") ? ["ends"] : []));
      assert.equal(main.told.join(" "), after, who);
      const sides = sidesOf(call);
      const letters = ["A", "B", "C"];
      const found = presentParties(call).map(({ id }) => `${letters["abc".indexOf(id)] ?? id} ${sides.get(id) ?? ""}`);
      const expected = sidesAtEnd.get(what);
      if (expected !== undefined) assert.equal(found.join(", "), expected, who);
      const answered = ["two-step", "conference", "conference,", "consultation"].includes(what.split(" ")[0] ?? "");
      const own = answered && what !== "conference asked for, C rings still" && consultation.split(" ")[n] === "x";
      const other = Array.from(s.w.recordings.values()).find((one) => one !== main);
      assert.deepEqual(other?.told ?? [], own ? ["starts"] : [], `${who}: the consultation`);
    }
  });
}

test("docs/recording-table.md shows this table", () => {
  const text = readFileSync(new URL("../../../../docs/recording-table.md", import.meta.url), "utf8");
  const shown = text.split("\n").filter((line) => /^\| .* \| `/.test(line));
  const cells = (row: string): string => row.replaceAll(/\S+/g, "`$&` |");
  const rows = table.map(([what, row]) => `| ${what} | ${cells(row)} ${sidesAtEnd.get(what) ?? ""} |`);
  rows.push(`| the consultation of B and C itself (R27) | ${cells(consultation)}  |`);
  assert.deepEqual(
    shown,
    rows.map((row) => row.replaceAll("  ", " ")),
  );
});
