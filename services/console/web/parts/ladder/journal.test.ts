import assert from "node:assert/strict";
import { test } from "node:test";
import {
  endsText,
  type JournalLine,
  lineMicros,
  type Participant,
  placeOf,
  shownLines,
  shownParticipants,
} from "./journal.ts";

const columns: readonly Participant[] = [
  { id: "phone:7001", kind: "phone", name: "7001" },
  { id: "sip-server", kind: "sip-server", name: "SIP Server" },
  { id: "phone:7002", kind: "phone", name: "7002" },
  { id: "application:desk", kind: "application", name: "desk" },
  { id: "application:recorder", kind: "application", name: "recorder" },
];
const line = (o: Partial<JournalLine>): JournalLine => ({
  kind: "sip",
  id: "1",
  time: "2026-11-28T22:00:00.123456Z",
  callUuid: "U",
  from: "phone:7001",
  to: "sip-server",
  label: "INVITE",
  summary: "",
  ...o,
});

test("an arrow goes from the middle of its column to that of the other, and points there", () => {
  assert.deepEqual(placeOf(line({}), columns), { from: 2, to: 4, points: "right" });
  assert.deepEqual(placeOf(line({ from: "sip-server", to: "phone:7001" }), columns), {
    from: 2,
    to: 4,
    points: "left",
  });
  const told = line({ from: "sip-server", to: "application:desk", others: ["application:recorder"] });
  assert.deepEqual(placeOf(told, columns), { from: 4, to: 10, points: "right" });
  assert.deepEqual(placeOf(line({ from: "sip-server" }), columns), { from: 2, to: 6, points: "here" });
  assert.equal(endsText(told, columns), "SIP Server → desk, recorder");
});

test("columns that nothing of what is shown touches are left out", () => {
  const lines = [line({}), line({ kind: "tlib", from: "sip-server", to: "application:desk" })];
  const sip = shownLines(lines, new Set(["sip"]));
  assert.equal(sip.length, 1);
  assert.deepEqual(
    shownParticipants(columns, sip).map(({ name }) => name),
    ["7001", "SIP Server"],
  );
  assert.deepEqual(
    shownParticipants(columns, shownLines(lines, new Set(["tlib"]))).map(({ name }) => name),
    ["SIP Server", "desk"],
  );
});

test("times are kept to the microsecond", () => {
  assert.equal(lineMicros(line({})), Date.parse("2026-11-28T22:00:00.123Z") * 1000 + 456);
  assert.equal(lineMicros(line({ time: "2026-11-28T22:00:00Z" })), Date.parse("2026-11-28T22:00:00Z") * 1000);
});
