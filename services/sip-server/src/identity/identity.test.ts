import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ManualClock, SidetoneError, silentLogger, systemRandom } from "@sidetone/foundation";
import { type Storage, openStorage } from "../storage/storage.ts";
import { ConnIdSource, counterFromClock, formatConnId } from "./conn-id.ts";
import { CallUuidSource, ConfIdSource } from "./random-ids.ts";
import { RecordingIds } from "./recording-ids.ts";

let folder: string;
let file: string;
let storage: Storage;
const clock = new ManualClock();
const log = silentLogger;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sidetone-identity-"));
  file = join(folder, "store.sqlite");
  storage = await openStorage({ file, log });
});
after(async () => {
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});

test("tlib-wire: a ConnID is 16 lower-case hex digits, the server id in the high ones", () => {
  assert.equal(formatConnId(0x110, 0x031f8ab2c001), "0110031f8ab2c001");
  assert.equal(formatConnId(0, 0), "0000000000000000");
  assert.equal(formatConnId(0xffff, 2 ** 48 - 1), "ffffffffffffffff");
});

test("ConnIDs follow one another over the ends of blocks and never repeat over restarts", async () => {
  const seen = new Set<string>();
  for (let run = 0; run < 4; run += 1) {
    const source = await ConnIdSource.open({ storage, clock, log, serverId: 7, block: 8 });
    for (let n = 0; n < 30; n += 1) {
      const id = source.next();
      assert.match(id, /^0007[0-9a-f]{12}$/);
      assert.equal(seen.has(id), false);
      seen.add(id);
      await source.settled();
    }
  }
  assert.equal(seen.size, 120);
});

test("a server that lost its store begins above the ConnIDs that the lost one gave out", () => {
  const start = clock.wallMicros();
  const afterAnHourOfCalls = counterFromClock(start) + 3600 * 1000;
  assert.ok(counterFromClock(start + 3_600_000_000) > afterAnHourOfCalls);
  assert.ok(counterFromClock(2 ** 32 * 1_000_000 - 1) < 2 ** 48);
});

test("no ConnID is given out that is not reserved on the disk", async () => {
  const source = await ConnIdSource.open({ storage, clock, log, serverId: 8, block: 4 });
  for (let n = 0; n < 4; n += 1) source.next();
  assert.throws(
    () => source.next(),
    (error) => error instanceof SidetoneError && error.code === "conn-ids-exhausted" && error.sip === 503,
  );
  await source.settled();
  assert.match(source.next(), /^0008/);
  await source.settled();
});

test("a server id beyond 16 bits is a mistake of the configuration", async () => {
  for (const serverId of [-1, 65_536, 1.5]) {
    await assert.rejects(ConnIdSource.open({ storage, clock, log, serverId }), { code: "server-id-range" });
  }
});

test("tlib-wire: a CallUUID is 32 characters of 0-9A-V and carries all of its random bits", () => {
  assert.equal(new CallUuidSource(() => new Uint8Array(20)).next(), "0".repeat(32));
  assert.equal(new CallUuidSource(() => new Uint8Array(20).fill(255)).next(), "V".repeat(32));
  assert.equal(
    new CallUuidSource(() => Uint8Array.from([0x08, 0x86, 0x42, 0x98, 0xe8, ...new Uint8Array(15)])).next().slice(0, 8),
    "12345678",
  );
  const source = new CallUuidSource(systemRandom);
  const seen = new Set(Array.from({ length: 1000 }, () => source.next()));
  assert.equal(seen.size, 1000);
  for (const uuid of seen) assert.match(uuid, /^[0-9A-V]{32}$/);
});

test("R11: a conf-id is 16 hex digits", () => {
  const source = new ConfIdSource(systemRandom);
  assert.match(source.next(), /^[0-9a-f]{16}$/);
  assert.notEqual(source.next(), source.next());
});

test("R8: a template that gives a used id gets -2, -3 ..., also at once and after a restart", async () => {
  const ids = new RecordingIds({ storage, clock });
  const many = await Promise.all(Array.from({ length: 5 }, () => ids.claimName("7001_20261120", "U1")));
  assert.deepEqual(many.toSorted(), [
    "7001_20261120",
    "7001_20261120-2",
    "7001_20261120-3",
    "7001_20261120-4",
    "7001_20261120-5",
  ]);
  await storage.close();
  storage = await openStorage({ file, log });
  assert.equal(await new RecordingIds({ storage, clock }).claimName("7001_20261120", "U2"), "7001_20261120-6");
});

test("R8: a suffix that a client or another template took is passed over", async () => {
  const ids = new RecordingIds({ storage, clock });
  assert.equal((await ids.claimClientId("name-2", "U1")).ok, true);
  assert.equal(await ids.claimName("name", "U1"), "name");
  assert.equal(await ids.claimName("name", "U1"), "name-3");
});

test("R8: a name of full length keeps within 128 characters with its suffix", async () => {
  const ids = new RecordingIds({ storage, clock });
  const long = "x".repeat(128);
  assert.equal(await ids.claimName(long, "U1"), long);
  assert.equal(await ids.claimName(long, "U1"), `${"x".repeat(126)}-2`);
});

test("R8: a client's id is taken once; a duplicate or a malformed one is an error", async () => {
  const ids = new RecordingIds({ storage, clock });
  assert.deepEqual(await ids.claimClientId("32980asdf320990ad", "U1"), { ok: true, value: "32980asdf320990ad" });
  assert.deepEqual(await ids.claimClientId("32980asdf320990ad", "U2"), { ok: false, error: "duplicate" });
  for (const id of ["", "a b", "../etc", "ä", "x".repeat(129), "a\n"]) {
    assert.deepEqual(await ids.claimClientId(id, "U1"), { ok: false, error: "malformed" }, JSON.stringify(id));
  }
});

test("R8: an id whose recording did not come to be is given back, by its own call only", async () => {
  const ids = new RecordingIds({ storage, clock });
  await ids.claimClientId("not-to-be", "U1");
  await ids.releaseClientId("not-to-be", "U2");
  assert.equal((await ids.claimClientId("not-to-be", "U1")).ok, false);
  await ids.releaseClientId("not-to-be", "U1");
  assert.equal((await ids.claimClientId("not-to-be", "U2")).ok, true);
});
