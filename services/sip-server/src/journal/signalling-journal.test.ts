import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type CallUuid, type ConnId, ManualClock, silentLogger } from "@sidetone/foundation";
import { type JournalEntry, parseMessage } from "@sidetone/sip";
import { type Call, newCall } from "../call-model/call.ts";
import { BATCH_BYTES, BATCHES_AHEAD, FLUSH_MS, KEPT_MESSAGE_BYTES } from "./limits.ts";
import { readCallJournal } from "./read-journal.ts";
import { defaultKeeping, SignallingJournal } from "./signalling-journal.ts";

const clock = new ManualClock();
const nothingElse = { journal: { find: () => Promise.resolve([]) }, audit: { about: () => Promise.resolve([]) } };
const everything = { sees: () => true, text: true };

async function opened(t: TestContext, file = ":memory:", keeping = defaultKeeping): Promise<SignallingJournal> {
  const journal = await SignallingJournal.open({ file, keeping, clock, log: silentLogger });
  t.after(() => journal.close());
  return journal;
}

function call(n: number, more: Partial<Call> = {}): Call {
  const named = { connId: `000000000000000${n}` as ConnId, callUuid: `CALL${n}` as CallUuid };
  return {
    ...newCall({ ...named, callType: "Internal", ani: "7001", dnis: "7002", createdMicros: clock.wallMicros() + n }),
    ...more,
  };
}

interface Said {
  readonly method?: string;
  readonly callId?: string;
  readonly direction?: "in" | "out";
  readonly headers?: string;
  readonly body?: string;
  readonly remote?: string;
}

function entry({
  method = "INVITE",
  callId = "c1",
  direction = "in",
  headers = "",
  body = "",
  remote,
}: Said): JournalEntry {
  const bytes = Buffer.from(
    `${method} sip:7002@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:7001@b>;tag=1\r\nTo: <sip:7002@b>\r\n` +
      `Call-ID: ${callId}\r\nCSeq: 1 ${method}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  const parsed = parseMessage(bytes);
  assert.ok(parsed.ok);
  const where = { transport: "udp", local: "b:5060", remote: remote ?? "a:5062" } as const;
  return { direction, wallMicros: clock.wallMicros(), ...where, bytes, message: parsed.value };
}

test("messages of a call's dialogs are found with their far ends; those of no INVITE are left out", async (t) => {
  const journal = await opened(t);
  journal.frame(entry({ method: "OPTIONS", callId: "ping" }));
  journal.frame(entry({ method: "REGISTER", callId: "reg" }));
  journal.frame(entry({}));
  journal.link({ callId: "c1", callUuid: "CALL1", kind: "phone", dn: "7001" });
  journal.frame(entry({ callId: "m1", direction: "out", headers: "X-Genesys-CallUUID: CALL1\r\n", remote: "rm:5070" }));
  journal.frame(entry({ method: "INFO", callId: "m1", remote: "ms:5080" }));
  journal.frame(entry({ method: "BYE" }));
  journal.frame(entry({ callId: "other" }));
  journal.call(call(1));
  const found = await readCallJournal({ signalling: journal, ...nothingElse }, { callUuid: "CALL1" }, everything);
  assert.deepEqual(
    found?.lines.map((line) => `${line.from} ${line.label} ${line.to}`),
    [
      "phone:7001 INVITE sip-server",
      "sip-server INVITE resource-manager",
      "media-server INFO sip-server",
      "phone:7001 BYE sip-server",
    ],
  );
  assert.deepEqual(
    found?.participants.map(({ id }) => id),
    ["sip-server", "phone:7001", "resource-manager", "media-server"],
  );
});

test("no secret comes to the disk, and a message that is too long is cut", async (t) => {
  const journal = await opened(t);
  const key = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
  const headers = 'Authorization: Digest username="7001", response="cafecafe"\r\nContent-Type: application/sdp\r\n';
  const body = `v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20\r\n${"a=x:y\r\n".repeat(4000)}`;
  journal.frame(entry({ headers, body }));
  journal.link({ callId: "c1", callUuid: "CALL1", kind: "phone", dn: "7001" });
  journal.call(call(1));
  const [frame] = (await journal.find({ callUuid: "CALL1" }))?.frames ?? [];
  assert.ok(frame !== undefined && !frame.text.includes(key.slice(0, 8)) && !frame.text.includes("cafe"), frame?.text);
  assert.ok(frame.bytes > KEPT_MESSAGE_BYTES && frame.text.length <= KEPT_MESSAGE_BYTES);
});

test("R27: consultations are found from the call and the call from them; who may not see one does not", async (t) => {
  const journal = await opened(t);
  const party = { ...call(1), parties: [] };
  journal.call(party);
  journal.call(call(2, { previousConnId: party.connId }));
  journal.call(call(3, { previousConnId: call(2).connId }));
  journal.call(call(4));
  for (const [n, others] of [
    [1, "CALL2 consultation, CALL3 consultation"],
    [2, "CALL1 origin, CALL3 consultation"],
    [3, "CALL2 origin, CALL1 origin"],
    [4, ""],
  ] as const) {
    const name = { connId: call(n).connId };
    const found = await readCallJournal({ signalling: journal, ...nothingElse }, name, everything);
    assert.equal(
      found?.related.map(({ callUuid, relation }) => `${callUuid} ${relation}`).join(", "),
      others,
      String(n),
    );
  }
  const sees = (one: { callUuid: string }): boolean => one.callUuid !== "CALL1";
  const hidden = { sees, text: true };
  assert.equal(
    await readCallJournal({ signalling: journal, ...nothingElse }, { callUuid: "CALL1" }, hidden),
    undefined,
  );
  const half = await readCallJournal({ signalling: journal, ...nothingElse }, { callUuid: "CALL2" }, hidden);
  assert.deepEqual(
    half?.related.map(({ callUuid }) => callUuid),
    ["CALL3"],
  );
});

test("a writer that is behind costs messages, not memory: they are counted, the gap stands in the journal, calls are still known", async (t) => {
  const journal = await opened(t);
  const body = "x".repeat(16_000);
  const perBatch = Math.floor(BATCH_BYTES / KEPT_MESSAGE_BYTES);
  const sent = perBatch * (BATCHES_AHEAD + 10);
  journal.link({ callId: "c1", callUuid: "CALL1", kind: "phone", dn: "7001" });
  journal.call(call(1));
  // One turn of the event loop: the writer cannot say that it has written anything.
  for (let n = 0; n < sent; n += 1) journal.frame(entry({ body }));
  const { dropped, waiting } = journal.stats();
  assert.ok(dropped > 0 && dropped < sent, `${dropped} of ${sent}`);
  assert.ok(waiting <= BATCHES_AHEAD);
  // The gap goes to the disk with the next batch that there is room for.
  const written = await journal.find({ callUuid: "CALL1" });
  assert.ok((written?.frames.length ?? 0) > 0);
  journal.frame(entry({ method: "BYE" }));
  const found = await readCallJournal({ signalling: journal, ...nothingElse }, { callUuid: "CALL1" }, everything);
  const gap = found?.lines.find(({ kind }) => kind === "gap");
  assert.match(gap?.label ?? "", new RegExp(`^${journal.stats().dropped} SIP messages are missing$`));
});

test("days: what is older goes when it is looked through, messages and calls", async (t) => {
  const journal = await opened(t, ":memory:", { ...defaultKeeping, days: 2 });
  journal.frame(entry({}));
  journal.link({ callId: "c1", callUuid: "CALL1", kind: "phone", dn: "7001" });
  journal.call(call(1));
  assert.equal((await journal.find({ callUuid: "CALL1" }))?.frames.length, 1);
  clock.advance(3 * 24 * 3_600_000);
  journal.call(call(2));
  assert.equal(await journal.find({ callUuid: "CALL1" }), undefined);
  assert.ok(await journal.find({ callUuid: "CALL2" }));
});

test("size: the oldest messages go when there are too many", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sidetone-journal-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "j.sqlite");
  const size = 10e6;
  const journal = await opened(t, file, { ...defaultKeeping, size });
  const body = "x".repeat(8000);
  for (let n = 0; n < 60; n += 1) {
    const [callId, callUuid] = [`c${n}`, `CALL${n}`];
    journal.link({ callId, callUuid, kind: "phone", dn: "7001" });
    for (let m = 0; m < 50; m += 1) journal.frame(entry({ callId, body }));
    journal.call({ ...call(1), callUuid: callUuid as CallUuid });
    assert.equal((await journal.find({ callUuid }))?.frames.length, 50);
  }
  assert.equal((await journal.find({ callUuid: "CALL0" }))?.frames.length, 0, "24 MB have come");
  assert.equal((await journal.find({ callUuid: "CALL59" }))?.frames.length, 50);
});

test("messages: false keeps what the call did, and no SIP", async (t) => {
  const journal = await opened(t, ":memory:", { ...defaultKeeping, messages: false });
  journal.frame(entry({}));
  journal.link({ callId: "c1", callUuid: "CALL1", kind: "phone", dn: "7001" });
  journal.call(call(1));
  clock.advance(FLUSH_MS);
  const found = await readCallJournal({ signalling: journal, ...nothingElse }, { callUuid: "CALL1" }, everything);
  assert.deepEqual([found?.lines, found?.messages], [[], false]);
});

test("a file that cannot be opened is said, and one that was closed is not read", async () => {
  const file = join(import.meta.filename, "j.sqlite");
  const open = SignallingJournal.open({ file, keeping: defaultKeeping, clock, log: silentLogger });
  await assert.rejects(open, { code: "journal-unavailable", http: 503 });
  const journal = await SignallingJournal.open({ file: ":memory:", keeping: defaultKeeping, clock, log: silentLogger });
  await Promise.all([journal.close(), journal.close()]);
  await assert.rejects(journal.find({ callUuid: "CALL1" }), { code: "journal-unavailable" });
});
