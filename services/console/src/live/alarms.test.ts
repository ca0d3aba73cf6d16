import assert from "node:assert/strict";
import { test } from "node:test";
import { rfc3339 } from "@sidetone/foundation";
import { type AlarmBook, alarmsNow, type AlarmSources, bookAfter } from "./alarms.ts";

const now = 1_800_000_000_000_000;
const since = rfc3339(now - 20_000_000);
const none: AlarmSources = {
  roles: [],
  silentFeeds: [],
  resources: [],
  recorders: [],
  unrecorded: [],
  calls: [],
  keys: [],
};
const call = {
  connId: "c1",
  callUuid: "U1",
  parties: [
    { dn: "7002", kind: "internal" },
    { dn: "7001", kind: "internal" },
  ],
  recording: { id: "r1" },
};
const stream = (side: "customer" | "agent") => ({ recordingId: "r1", callUuid: "U1", side, since });
const recorder = (streams: ReturnType<typeof stream>[], storage: object[] = [], takesSessions = true) => ({
  url: "http://r",
  alarms: { streams, storage: { takesSessions, alarms: storage as never[] } },
});
const resource = (state: "up" | "lost" | "failing" | "withdrawn", service = "recording-server") => ({
  group: "g",
  service,
  address: "sip:10.0.0.1:5090",
  state,
  reason: "no answer",
  sinceMs: 3000,
  sessions: 1,
});
const role = (ok: boolean, reason: string, name: "sip-server" | "recorder" = "sip-server") => ({
  url: "http://s",
  role: name,
  ok,
  reasons: [reason],
});

const table: readonly (readonly [
  string,
  Partial<AlarmSources>,
  kind: string | undefined,
  severity?: string,
  text?: RegExp,
])[] = [
  ["nothing is wrong", {}, undefined],
  [
    "one side is silent",
    { recorders: [recorder([stream("agent")])], calls: [call] },
    "one-side-silent",
    "warning",
    /agent's side.*7002 and 7001/,
  ],
  [
    "both are",
    { recorders: [recorder([stream("agent"), stream("customer")])], calls: [call] },
    "no-rtp",
    "critical",
    /Neither side/,
  ],
  ["its call is not known", { recorders: [recorder([stream("agent")])] }, "one-side-silent", "warning", /r1/],
  [
    "R5: not recorded",
    { unrecorded: [{ connId: "c1", callUuid: "U1", dns: ["7001"], reason: "no-recorder", since }] },
    "not-recorded",
    "critical",
    /7001.*no-recorder/,
  ],
  [
    "a recorder is lost",
    { resources: [resource("lost")] },
    "recorder-lost",
    "critical",
    /recorder sip:10.0.0.1:5090 is lost: no answer/,
  ],
  [
    "a Media Server is lost",
    { resources: [resource("lost", "msml")] },
    "media-server-lost",
    "critical",
    /Media Server/,
  ],
  ["one refuses", { resources: [resource("failing")] }, "resource-failing", "warning"],
  ["one is withdrawn by hand", { resources: [resource("withdrawn")] }, undefined],
  [
    "a role is gone",
    { roles: [role(false, "does not answer: nothing listens there")] },
    "role-lost",
    "critical",
    /sip-server at http:\/\/s does not answer/,
  ],
  ["a role is not ready", { roles: [role(false, "The disk does not keep up")] }, "role-not-ready", "critical"],
  ["a role was not asked yet", { roles: [role(false, "not asked yet")] }, undefined],
  [
    "a recorder's disk is told by its storage only",
    {
      roles: [role(false, "the storage is 95 % full", "recorder")],
      recorders: [recorder([], [{ code: "disk-full", text: "full", remedy: "Free space", since }], false)],
    },
    "storage",
    "critical",
    /full/,
  ],
  [
    "a disk that fills",
    { recorders: [recorder([], [{ code: "disk-filling", text: "91 %", remedy: "x", since }])] },
    "storage",
    "warning",
  ],
  ["calls are not told", { silentFeeds: ["http://s"] }, "calls-unknown", "warning"],
  [
    "a certificate ends in ten days",
    { keys: [{ name: "k", expiresMicros: now + 10 * 86_400e6 }] },
    "key-expiry",
    "warning",
    /in 10 days/,
  ],
  ["in one", { keys: [{ name: "k", expiresMicros: now + 1.5 * 86_400e6 }] }, "key-expiry", "critical", /in 1 day\./],
  ["it has ended", { keys: [{ name: "k", expiresMicros: now - 1 }] }, "key-expiry", "critical", /has expired/],
  ["in a year", { keys: [{ name: "k", expiresMicros: now + 365 * 86_400e6 }] }, undefined],
];

for (const [name, sources, kind, severity, text] of table) {
  test(`alarms: ${name}`, () => {
    const found = alarmsNow({ ...none, ...sources }, now);
    assert.deepEqual(
      found.map((one) => one.kind),
      kind === undefined ? [] : [kind],
    );
    const [alarm] = found;
    if (alarm === undefined) return;
    if (severity !== undefined) assert.equal(alarm.severity, severity);
    if (text !== undefined) assert.match(alarm.text, text);
    assert.ok(alarm.remedy.endsWith(".") || alarm.remedy.length > 0);
  });
}

test("an alarm about a call names it, and is seen by who may see one of its DNs", () => {
  const [alarm] = alarmsNow({ ...none, recorders: [recorder([stream("agent")])], calls: [call] }, now);
  assert.deepEqual(
    [alarm?.connId, alarm?.callUuid, alarm?.recordingId, alarm?.dns],
    ["c1", "U1", "r1", ["7002", "7001"]],
  );
  const [unknown] = alarmsNow({ ...none, recorders: [recorder([stream("agent")])] }, now);
  assert.deepEqual(unknown?.dns, [], "of a call that nobody knows only who sees everything hears");
});

test("the book keeps the beginning, lists what has ended, and is the same object where nothing has changed", () => {
  let book: AlarmBook = { now: new Map(), ended: new Map() };
  const lost = alarmsNow({ ...none, roles: [role(false, "does not answer: x")] }, now);
  book = bookAfter(book, lost, now, 2);
  const [alarm] = book.now.values();
  assert.equal(alarm?.since, rfc3339(now));
  assert.equal(bookAfter(book, lost, now + 5_000_000, 2), book);
  book = bookAfter(book, [], now + 9_000_000, 2);
  assert.equal(book.now.size, 0);
  assert.deepEqual(
    Array.from(book.ended.values(), ({ since: from, until }) => [from, until]),
    [[rfc3339(now), rfc3339(now + 9_000_000)]],
  );
  for (let n = 1; n <= 5; n += 1) {
    book = bookAfter(book, lost, now + n * 60_000_000, 2);
    book = bookAfter(book, [], now + n * 60_000_000 + 1, 2);
  }
  assert.equal(book.ended.size, 2, "the newest are kept");
});
