// R34: two recorders, each with a reconciliation of its own, and two SIP Servers whose calls lie on either: both find the same.
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import {
  httpOf,
  type PartName,
  passwordOf,
  ScriptedPhone,
  startTopology,
  type StoredRecording,
  talk,
  tone,
  type Topology,
  until,
} from "@sidetone/testing";
import { CALLEE_HZ, CALLER_HZ } from "./desk.ts";
import { connect, hearsEachOther, type UpCall } from "./phones.ts";

/** A recorded call: who calls is recorded. */
interface Call {
  /** Its SIP Server. */
  readonly server: PartName;
  readonly dn: string;
  readonly up: UpCall;
  /** Its recording, and the recorder that has it. */
  readonly id: string;
  readonly at: PartName;
}

/** The caller's DN of pair `n`; the next one is called. Pairs 0 to 5 are the first SIP Server's, the others the second one's. */
const callerOf = (n: number): string => String(7501 + 2 * n);
const PAIRS = 6;
const recorders = ["recorder-1", "recorder-2"] as const;

let topology: Topology;

before(async () => {
  const numbers = Array.from({ length: 4 * PAIRS }, (_, n) => String(7501 + n));
  const dns = Object.fromEntries(
    numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: Number(dn) % 2 === 1 }]),
  );
  topology = await startTopology({
    sipServers: 2,
    mediaServers: 1,
    resourceManagers: 1,
    console: false,
    config: { "sip-server": { dns } },
    configOf: (place, all) => {
      if (place.role !== "recorder") return {};
      const others = all.filter((other) => other.role === "recorder" && other !== place);
      const sipServers = all.filter(({ role }) => role === "sip-server");
      return {
        reconciliation: { "sip-servers": sipServers.map(httpOf), recorders: others.map(httpOf), interval: "250ms" },
      };
    },
  });
});
after(async () => {
  await topology.stop().finally(() => topology.dispose());
});

interface Party {
  readonly dn: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly findings: readonly unknown[];
  readonly ledger: { readonly sipServer: string };
  readonly recordings: readonly { readonly id: string; readonly recorder?: string }[];
}

interface Answer {
  readonly expected: number;
  readonly recorded: number;
  readonly missing: number;
  readonly ledgers: readonly { readonly sipServer: string; readonly state: string }[];
  readonly parties: readonly Party[];
}

async function ask(at: PartName, query = ""): Promise<Answer> {
  return (await topology.json(at, `/api/v1/reconciliation${query}`)) as Answer;
}

/** What a reconciler says, once it is this. */
async function comesTo(at: PartName, what: (answer: Answer) => boolean): Promise<Answer> {
  let answer: Answer | undefined;
  const good = await until(async () => what((answer = await ask(at))), 10_000);
  assert.ok(good && answer !== undefined, `${at} says ${JSON.stringify(answer)}`);
  return answer;
}

/** Calls at a SIP Server. */
async function talking(t: TestContext, server: PartName, dn: string): Promise<Call> {
  const users = [dn, String(Number(dn) + 1)];
  const [caller, callee] = await Promise.all(
    users.map((user, n) =>
      ScriptedPhone.open({
        user,
        password: topology.passwordOf(user),
        server: topology.sipOf(server),
        source: tone([CALLER_HZ, CALLEE_HZ][n] ?? 0),
      }),
    ),
  );
  assert.ok(caller !== undefined && callee !== undefined);
  t.after(() => Promise.all([caller.close(), callee.close()]));
  await Promise.all([caller.registered(), callee.registered()]);
  const up = await connect(caller, callee);
  let rows: readonly StoredRecording[] = [];
  const recorded = await until(async () => (rows = await topology.recordings(`?dn=${dn}`)).length === 1, 5000);
  const [row] = rows;
  assert.ok(recorded && row !== undefined, `one recording of ${dn} wanted: ${JSON.stringify(rows)}`);
  return { server, dn, up, id: row.id, at: row.at };
}

/** Calls at a SIP Server until each recorder has one: a recorder that is slow for a moment is passed over. */
async function atEither(t: TestContext, server: PartName, first: number): Promise<Call[]> {
  const calls: Call[] = [];
  for (let n = first; n < first + PAIRS; n += 1) {
    calls.push(await talking(t, server, callerOf(n)));
    if (recorders.every((at) => calls.some((call) => call.at === at))) return calls;
  }
  return assert.fail(`all calls of ${server} are at ${calls[0]?.at}`);
}

test("R34: what either recorder holds of either SIP Server's calls is recorded at both, and what is deleted is missing at both", async (t) => {
  const calls = [...(await atEither(t, "sip-server", 0)), ...(await atEither(t, "sip-server-2", PAIRS))];
  for (const { up } of calls) await hearsEachOther(up, CALLER_HZ, CALLEE_HZ);
  await talk(2000);
  for (const at of recorders) assert.equal((await ask(at)).parties.length, calls.length, "calls that are up are known");
  for (const { up } of calls) await up.caller.bye();

  for (const at of recorders) {
    const { expected, missing, ledgers, parties } = await comesTo(at, ({ recorded }) => recorded === calls.length);
    assert.deepEqual([expected, missing], [calls.length, 0]);
    assert.deepEqual(
      ledgers.map(({ sipServer, state }) => [sipServer, state]),
      topology.names("sip-server").map((name) => [topology.http(name), "up"]),
    );
    for (const call of calls) {
      const party = parties.find(({ dn }) => dn === call.dn);
      assert.equal(party?.ledger.sipServer, topology.http(call.server));
      assert.deepEqual(party.findings, [], JSON.stringify(party));
      const holder = call.at === at ? undefined : topology.http(call.at);
      assert.deepEqual(
        party.recordings.map(({ id, recorder }) => [id, recorder]),
        [[call.id, holder]],
      );
    }
  }

  const [gone] = calls;
  assert.ok(gone !== undefined);
  const storage = join(topology.place(gone.at).folder, "recordings");
  const folders = readdirSync(storage, { recursive: true, encoding: "utf8" });
  const folder = folders.find((path) => path.endsWith(`/${gone.id}`)) ?? assert.fail(`no folder of ${gone.id}`);
  rmSync(join(storage, folder), { recursive: true });
  for (const at of recorders) {
    const { recorded, parties } = await comesTo(at, ({ missing }) => missing === 1);
    assert.equal(recorded, calls.length - 1);
    const lost = parties.find(({ verdict }) => verdict === "missing");
    assert.equal(lost?.dn, gone.dn);
    assert.match(lost.reason ?? "", /^media-gone: its folder is gone/);
  }

  const other = gone.at === "recorder-1" ? "recorder-2" : "recorder-1";
  const own = calls.filter((call) => call.at === gone.at && call !== gone);
  await topology.kill(other);
  const unknown = new RegExp(`^unknown: ${topology.http(other)} does not answer`);
  const { recorded, missing } = await comesTo(gone.at, ({ parties }) => {
    const open = parties.filter(({ verdict }) => verdict !== "recorded");
    return open.length === calls.length - own.length && open.every(({ reason }) => unknown.test(reason ?? ""));
  });
  assert.deepEqual(
    [recorded, missing],
    [own.length, 0],
    "what a recorder may have that does not answer is not missing",
  );
});
