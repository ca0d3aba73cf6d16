import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecorderCommand } from "@sidetone/msml";
import { cellsOf, consultation, type Happening, sidesAtEnd, table } from "../recording/truth-table.fixture.ts";
import { CallScene } from "./call-scene.fixture.ts";

const dnOf: Readonly<Record<string, string>> = { A: "7001", B: "7002", C: "7003" };
const letterOf = (dn: string | undefined): string => Object.keys(dnOf).find((letter) => dnOf[letter] === dn) ?? "?";

/** What the recorder of each call was told: `start`, `stop` and the last streams, by recording id. */
interface Told {
  readonly starts: number;
  readonly stops: number;
  readonly streams: string;
}

const consulting = new Set<Happening>([
  "two-step transfer",
  "transfer completed while C rings",
  "mute transfer",
  "conference",
  "conference, A leaves",
  "conference, B leaves",
  "conference, C leaves",
  "consultation and reconnect",
]);

async function happen(s: CallScene, what: Happening): Promise<void> {
  const wish = { to: "7003", userData: {} };
  const done = async (work: Promise<string>): Promise<void> => assert.equal(await work, "done");
  const { rig } = s;
  switch (what) {
    case "hold and retrieve":
      await done(s.ask(rig.switch.holdCall(s.connId(1), "7002")));
      return done(s.ask(rig.switch.retrieveCall(s.connId(1), "7002")));
    case "single-step transfer":
      return done(s.ask(rig.switch.singleStep("transfer", s.connId(1), "7002", wish)));
    case "single-step conference":
      return done(s.ask(rig.switch.singleStep("conference", s.connId(1), "7002", wish)));
    case "mute transfer":
      return done(s.ask(rig.switch.muteTransfer(s.connId(1), "7002", wish)));
    case "two-step transfer":
      await done(s.consult("7002", 1, "7003"));
      return done(s.ask(rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))));
    case "transfer completed while C rings":
      s.phone("7003").answering = false;
      await done(s.consult("7002", 1, "7003"));
      await done(s.ask(rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))));
      s.phone("7003").answer();
      return;
    case "transfer completed, C rings still":
      s.phone("7003").answering = false;
      await done(s.consult("7002", 1, "7003"));
      return done(s.ask(rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))));
    case "single-step transfer, C rings still":
      s.phone("7003").answering = false;
      return done(s.ask(rig.switch.singleStep("transfer", s.connId(1), "7002", wish)));
    case "conference asked for, C rings still":
      s.phone("7003").answering = false;
      return done(s.ask(rig.switch.singleStep("conference", s.connId(1), "7002", wish)));
    case "single-step transfer, C does not answer":
      s.phone("7003").answering = false;
      await done(s.ask(rig.switch.singleStep("transfer", s.connId(1), "7002", wish)));
      return rig.pass(60_000);
    case "conference":
    case "conference, A leaves":
    case "conference, B leaves":
    case "conference, C leaves": {
      await done(s.consult("7002", 1, "7003"));
      await done(s.ask(rig.switch.complete("conference", s.connId(1), "7002", s.connId(2))));
      const leaver = dnOf[what.slice("conference, ".length).slice(0, 1)];
      if (leaver !== undefined) s.phone(leaver).hangUp();
      return;
    }
    case "consultation and reconnect":
      await done(s.consult("7002", 1, "7003"));
      return done(s.ask(rig.switch.reconnect(s.connId(2), "7002", s.connId(1))));
  }
}

/** By CallUUID of the call that a recording is of. */
function toldOf(recorder: readonly RecorderCommand[], callUuid: string): Told {
  const started = recorder.filter(({ state, params }) => state === "start" && params.get("calluuid") === callUuid);
  const ids = new Set(started.map(({ params }) => params.get("id")));
  const own = recorder.filter(({ params }) => ids.has(params.get("id")));
  const last = own.findLast(({ streams }) => streams.length > 0);
  return {
    starts: started.length,
    stops: own.filter(({ state }) => state === "stop").length,
    streams: (last?.streams ?? []).map(({ dn, side }) => `${letterOf(dn)} ${side}`).join(", "),
  };
}

const expected: Readonly<Record<string, readonly [startsBefore: number, starts: number, stops: number]>> = {
  ".": [0, 0, 0],
  "=": [1, 1, 0],
  x: [1, 1, 1],
  "+": [0, 1, 0],
  "±": [0, 1, 1],
};

for (const [what, row] of table) {
  for (const [n, { who, outcome }] of cellsOf(row).entries()) {
    test(`R24 to R27: ${who} recorded, ${what}: ${outcome}`, async () => {
      const dns = Object.entries(dnOf).map(([letter, dn]) => ({ dn, record: who.includes(letter) }));
      const s = await CallScene.of(...dns);
      const { mediaServer, ledger } = s.rig;
      mediaServer.telling = true;
      await s.dial("7001", "7002");
      const uuid = s.rig.last?.callUuid ?? "";
      const [before, starts, stops] = expected[outcome] ?? [];
      assert.equal(toldOf(mediaServer.recorder, uuid).starts, before, "before it happens");
      await happen(s, what);
      await s.rig.pass(1500);
      const told = toldOf(mediaServer.recorder, uuid);
      assert.deepEqual([told.starts, told.stops], [starts, stops], "starts, stops");
      const sides = sidesAtEnd.get(what);
      if (sides !== undefined && (outcome === "=" || outcome === "+")) assert.equal(told.streams, sides);
      const consulted = mediaServer.recorder.filter(
        ({ state, params }) => state === "start" && params.get("calluuid") !== uuid,
      );
      const own = consulting.has(what) && consultation.split(" ")[n] === "x" ? 1 : 0;
      // Completed before C answers: there was nothing to record.
      const answered = what === "transfer completed while C rings" || what === "mute transfer" ? 0 : own;
      assert.equal(consulted.length, answered, "recordings of the consultation");
      for (const { params } of consulted) {
        const id = params.get("id");
        const stopped = mediaServer.recorder.filter(({ state, params: p }) => state === "stop" && p.get("id") === id);
        assert.equal(stopped.length, 1, "the consultation's recording ends with it");
      }
      for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
      await s.nothingLeft();
      const lines = ledger.filter((line) => line.startsWith("ledger expect")).map((line) => line.split(" ")[2]);
      const inLedger = new Set(lines.map(letterOf));
      for (const letter of inLedger) assert.ok(who.includes(letter), `${letter} stands in the ledger`);
      await s.close();
    });
  }
}
