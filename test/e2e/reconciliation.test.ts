// runs: alone
// R34: every kind of loss is made to happen in a real system, and is found without anyone searching for it.
import assert from "node:assert/strict";
import { readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { passwordOf, projectRoot, type RunningSystem, runAsync, startSystem, talk, until } from "@sidetone/testing";
import { Desk, talking } from "./desk.ts";
import { phone } from "./phones.ts";

const sidetone = join(projectRoot, "cli/bin/sidetone");
let system: RunningSystem;

before(async () => {
  const numbers = Array.from({ length: 20 }, (_, n) => String(7401 + n));
  system = await startSystem({
    mode: "five-processes",
    config: ({ httpSip }) => ({
      "sip-server": {
        options: { "record-consult-calls": false },
        // Who calls is recorded.
        dns: Object.fromEntries(
          numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: Number(dn) % 2 === 1 }]),
        ),
        applications: {
          desk: { password: "demo-desk", grants: [{ dns: "74*", rights: ["monitor", "control", "record"] }] },
        },
      },
      recorder: {
        reconciliation: { "sip-servers": `http://127.0.0.1:${httpSip}`, silence: "2s", interval: "250ms" },
      },
    }),
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

interface Finding {
  readonly kind: string;
  readonly ms: number;
  readonly side?: string;
}

interface Party {
  readonly dn: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly policy: string | null;
  readonly callUuid: string;
  readonly expectedMs: number;
  readonly recordedMs: number;
  readonly findings: readonly Finding[];
  readonly recordings: readonly { readonly id: string }[];
}

interface Answer {
  readonly expected: number;
  readonly recorded: number;
  readonly partial: number;
  readonly missing: number;
  readonly byPolicy: number;
  readonly pending: number;
  readonly shareRecorded: number | null;
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly ledgers: readonly { readonly state: string; readonly unknownSince: string | null }[];
  readonly alarms: readonly { readonly kind: string; readonly side: string; readonly callUuid: string }[];
  readonly parties: readonly Party[];
}

async function ask(query = ""): Promise<Answer> {
  return (await (await fetch(`${system.http("recorder")}/api/v1/reconciliation${query}`)).json()) as Answer;
}

/** What is found of a DN, once it is this. */
async function found(dn: string, verdict: string, timeoutMs = 8000): Promise<Party> {
  let parties: readonly Party[] = [];
  const good = await until(async () => {
    ({ parties } = await ask(`?dn=${dn}`));
    return parties.some((party) => party.verdict === verdict);
  }, timeoutMs);
  assert.ok(good, `${dn} is not ${verdict}: ${JSON.stringify(parties)}`);
  return parties.find((party) => party.verdict === verdict) ?? assert.fail();
}

function near(ms: number, wanted: number, what: string): void {
  assert.ok(Math.abs(ms - wanted) < 700, `${what}: ${ms} ms, about ${wanted} wanted`);
}

/** Folder of a recording. */
async function folderOf(party: Party): Promise<string> {
  const root = join(system.folder, "recordings");
  const id = party.recordings[0]?.id ?? assert.fail("no recording");
  const found = readdirSync(root, { recursive: true, encoding: "utf8" }).find((path) => path.endsWith(`/${id}`));
  return join(root, found ?? assert.fail(`no folder of ${id}`));
}

async function reconcile(...args: string[]): Promise<{ code: number | null; text: string }> {
  const ran = await runAsync(sidetone, ["reconcile", ...args, "--config", system.configFile], { cwd: system.folder });
  return { code: ran.code, text: ran.stdout + ran.stderr };
}

describe("R34: expected against recorded", () => {
  test("a good call, a pause, a side that falls silent, a consultation that is left out", async (t) => {
    const desk = await Desk.open(t, system, "desk", "7405", "7407");
    const [good, silent, paused, consulting] = await Promise.all([
      talking(t, system, "7401", "7402"),
      talking(t, system, "7403", "7404"),
      talking(t, system, "7405", "7406"),
      talking(t, system, "7407", "7408"),
    ]);
    const startedAt = performance.now();
    silent.callee.mute(true);
    await desk.says("7405", "On");
    await desk.client.recordPause(await desk.about("7405"));
    const pausedAt = performance.now();
    await phone(t, system, "7420");
    await desk.client.initiateTransfer({ ...(await desk.about("7407")), OtherDN: "7420" });
    assert.equal((await ask("?dn=7401")).pending, 1, "a call that is up is pending");
    // While it can still be mended.
    let alarms: Answer["alarms"] = [];
    assert.ok(
      await until(async () => (alarms = (await ask()).alarms).some((one) => one.side === "agent"), 6000),
      JSON.stringify(alarms),
    );
    assert.equal((await system.metrics("recorder")).get("sidetone_recorder_silent_streams"), alarms.length);
    assert.match(system.output, /"alarm":"stream-silent"/);
    const ledger = await system.ledger("7403");
    assert.ok(alarms.some(({ callUuid }) => callUuid === ledger[0]?.callUuid));
    const pausedMs = performance.now() - pausedAt;
    await desk.client.recordResume(await desk.about("7405"));
    await talk(1000);
    const lengthMs = performance.now() - startedAt;
    for (const call of [good, silent, paused, consulting]) await call.caller.bye();

    const whole = await found("7401", "recorded");
    assert.deepEqual(whole.findings, []);
    near(whole.recordedMs, lengthMs, "the good call");
    assert.equal(whole.expectedMs - whole.recordedMs < 1000, true);

    const oneSided = await found("7403", "partial");
    assert.match(oneSided.reason ?? "", /^one-sided: the agent sent no audio/);
    const [finding] = oneSided.findings;
    assert.equal(finding?.side, "agent");
    near(finding?.ms ?? 0, lengthMs, "the silence");
    assert.deepEqual((await ask()).alarms, [], "no alarm outlasts its call");

    const cut = await found("7405", "recorded");
    const pause = cut.findings.find(({ kind }) => kind === "paused");
    near(pause?.ms ?? 0, pausedMs, "the pause");
    near(cut.recordedMs, lengthMs - pausedMs, "the rest");

    const left = await found("7407", "by-policy");
    assert.equal(left.policy, "R27 record-consult-calls: false");
    await found("7407", "recorded");
  });

  test("a file that is deleted afterwards, and one that is truncated", async (t) => {
    const [one, two] = await Promise.all([talking(t, system, "7409", "7410"), talking(t, system, "7411", "7412")]);
    await talk(3000);
    await Promise.all([one.caller.bye(), two.caller.bye()]);
    const deleted = await found("7409", "recorded");
    const truncated = await found("7411", "recorded");
    rmSync(await folderOf(deleted), { recursive: true });
    const folder = await folderOf(truncated);
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith(".g711")) ?? assert.fail("no audio"));
    truncateSync(file, Math.floor(statSync(file).size / 4) * 2);
    assert.match((await found("7409", "missing")).reason ?? "", /^media-gone: its folder is gone/);
    const short = await found("7411", "partial");
    assert.match(short.reason ?? "", /^media-short: audio-000001\.g711 has lost \d+ ms/);
    near(short.recordedMs, truncated.recordedMs / 2, "what is left");
    assert.match(system.output, /a recording that should be there is missing, though it was/);
  });

  test("the only recorder is killed in mid-call, and there is none for the next call", async (t) => {
    const broken = await talking(t, system, "7413", "7414");
    await talk(3000);
    await system.killRole("recorder");
    const none = await talking(t, system, "7415", "7416");
    await talk(4000);
    await Promise.all([broken.caller.bye(), none.caller.bye()]);
    // R31: a recorder that is back within 10 s gets what the Media Server has kept, and nothing is missing.
    await talk(8000);
    await system.startRole("recorder");
    const early = await found("7413", "partial");
    assert.match(early.reason ?? "", /^ends-early: the last \d\.\d s are missing/);
    near(early.recordedMs, 2800, "until the recorder was killed");
    const missing = await found("7415", "missing");
    assert.match(missing.reason ?? "", /recorder/);
  });

  test("sidetone reconcile says it all, and exits 0 only where nothing is missing", async () => {
    const all = await ask();
    assert.deepEqual(
      [all.expected, all.recorded, all.partial, all.missing, all.byPolicy, all.pending],
      [8, 3, 3, 2, 1, 0],
      JSON.stringify(all),
    );
    assert.equal(all.shareRecorded, 3 / 8);
    const ran = await reconcile();
    assert.equal(ran.code, 1);
    assert.match(ran.text, /expected 8: recorded 3 \(37\.50 % .*partial 3, missing 2, .*by policy 1/);
    assert.match(ran.text, /7409 +agent|7409 +customer/);
    assert.match(ran.text, /media-gone: its folder is gone/);
    const json = await reconcile("--json", "--verdict", "missing");
    assert.equal((JSON.parse(json.text) as Answer).parties.length, 2);
    assert.equal((await reconcile("--dn", "7401")).code, 0);
    assert.match((await reconcile("--verdict", "nonsense")).text, /verdict is none of recorded/);
    const metrics = await system.metrics("recorder");
    assert.equal(metrics.get('sidetone_recorder_reconciliation_parties{verdict="missing"}'), 2);
  });

  test("a SIP Server that is away: what it expects is unknown since then, and that is no good answer", async () => {
    await system.killRole("sip-server");
    assert.ok(await until(async () => (await ask()).ledgers[0]?.state === "away", 5000));
    assert.match((await ask()).ledgers[0]?.unknownSince ?? "", /^\d{4}-/);
    const ran = await reconcile("--dn", "7401");
    assert.equal(ran.code, 1);
    assert.match(ran.text, /does not answer.*unknown since/);
    await system.startRole("sip-server");
    assert.ok(await until(async () => (await ask()).ledgers[0]?.state === "up", 5000));
    assert.equal((await reconcile("--dn", "7401")).code, 0);
  });
});
