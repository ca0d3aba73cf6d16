import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parseConfig, type SidetoneConfig } from "@sidetone/config";
import { ManualClock, type RoleName, type RunningRole, SidetoneError, silentLogger } from "@sidetone/foundation";
import { banner } from "./banner.ts";
import { makeLogger } from "./log.ts";
import { openFilesHint } from "./open-files.ts";
import { chooseRoles, startOrder } from "./roles.ts";
import { run } from "./run.ts";
import { Signals, holdUpMs, sameSignalMs, stopRoles, stopWithinMs } from "./shutdown.ts";
import { table } from "./table.ts";

const example = join(dirname(import.meta.filename), "../../sidetone.yaml");

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "sidetone-cli-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function file(t: TestContext, text: string): string {
  const path = join(folder(t), "t.yaml");
  writeFileSync(path, text);
  return path;
}

async function sidetone(...args: string[]): Promise<{ code: number; said: string; complained: string }> {
  const said: string[] = [];
  const complained: string[] = [];
  const code = await run(args, { say: (text) => said.push(text), complain: (text) => complained.push(text) });
  return { code, said: said.join("\n"), complained: complained.join("\n") };
}

function config(text: string): SidetoneConfig {
  const result = parseConfig(text, "t.yaml", { env: {} });
  assert(result.ok);
  return result.value;
}

const consoleOnly = 'console: { roles: [ "http://127.0.0.1:1" ], http: "http://127.0.0.1:0" }';

describe("sidetone", () => {
  test("--version and --help leave with 0, an unknown command with 1 and a hint", async () => {
    assert.match((await sidetone("--version")).said, /^\d+\.\d+\.\d+$/);
    const help = await sidetone("--help");
    assert.equal(help.code, 0);
    for (const command of ["start", "check-config", "recordings", "resources", "demo", "verify", "rebuild-index"])
      assert.match(help.said, new RegExp(`\\n  ${command} `));
    const unknown = await sidetone("strat");
    assert.equal(unknown.code, 1);
    assert.match(unknown.complained, /Did you mean start/);
    assert.equal((await sidetone()).code, 1);
  });

  test("verify and rebuild-index: a wrong path, a file and a missing section name place, reason and remedy, exit 1", async (t) => {
    const path = folder(t);
    const gone = await sidetone("verify", join(path, "gone"));
    assert.deepEqual([gone.code, gone.said], [1, ""]);
    assert.match(gone.complained, /gone does not exist\.\nName a recording's folder/);
    assert.match((await sidetone("verify", path)).complained, /holds no recording/);
    mkdirSync(join(path, "empty", ".open"), { recursive: true });
    const empty = await sidetone("verify", join(path, "empty"));
    assert.deepEqual([empty.code, empty.said], [0, "The storage is there, and holds no recordings."]);
    mkdirSync(join(path, "r"));
    writeFileSync(join(path, "r", "manifest.jsonl"), '{"type":"start","version":1,"id":');
    const cut = await sidetone("verify", path);
    assert.equal(cut.code, 1);
    assert.match(cut.said, /^r: damaged\n {2}manifest.jsonl has no start line\n {4}Put manifest.jsonl back/);
    assert.match(cut.said, /1 recording: 1 damaged\.$/);
    const only = await sidetone("rebuild-index", "--config", file(t, consoleOnly));
    assert.deepEqual([only.code, only.said], [1, ""]);
    assert.match(only.complained, /no recorder section/);
    const storage = `storage: { directory: ${join(path, "nowhere")}, database: "sqlite:${join(path, "i.sqlite")}" }`;
    const recorder = `recorder: { listen: ["tcp://127.0.0.1:0"], rtp: { address: 127.0.0.1, ports: 25000-25999 }, ${storage} }`;
    const lost = await sidetone("rebuild-index", "--config", file(t, recorder));
    assert.equal(lost.code, 1);
    assert.match(lost.complained, /recorder.storage.directory .*nowhere does not exist/);
  });

  test("check-config: every mistake with its line, exit 1; none, exit 0", async (t) => {
    const good = await sidetone("check-config", example);
    assert.deepEqual([good.code, good.complained], [0, ""]);
    assert.match(good.said, /no mistakes\. Roles: recorder, media-server, resource-manager, sip-server, console/);
    const path = file(t, "console:\n  roles: [ x ]\n  htpp: y\n");
    const bad = await sidetone("check-config", path);
    assert.equal(bad.code, 1);
    assert.match(bad.complained, /t\.yaml:2:12: console\.roles\[0\]: "x" is not a URL/);
    assert.match(bad.complained, /t\.yaml:3:3: console\.htpp: .*Did you mean "http"/);
    assert.match(bad.complained, /3 mistakes\.$/);
    assert.match((await sidetone("check-config", join(folder(t), "none.yaml"))).complained, /cannot be read/);
  });

  test("start: a bad configuration, an unknown role, a role without a section: exit 1 and what to do", async (t) => {
    const bad = await sidetone("start", "--config", file(t, "recoder: {}"));
    assert.equal(bad.code, 1);
    assert.match(bad.complained, /Did you mean "recorder"/);
    const path = file(t, consoleOnly);
    assert.match(
      (await sidetone("start", "recoder", "-c", path)).complained,
      /no role "recoder"\. Did you mean recorder\?/,
    );
    const missing = await sidetone("start", "recorder", "-c", path);
    assert.deepEqual([missing.code, /no section recorder.*\nIt has: console\./.test(missing.complained)], [1, true]);
    assert.match((await sidetone("start", "-c", "/no/such.yaml")).complained, /There is no file .*\n.*--config/);
  });

  test("recordings and resources: what is not running is said, with a remedy", async () => {
    const answer = await sidetone("resources", "--url", "http://127.0.0.1:1");
    assert.equal(answer.code, 1);
    assert.match(answer.complained, /does not answer.*\nStart the system/);
    assert.match((await sidetone("recordings", "--limit", "many")).complained, /number from 1 to 9999/);
  });
});

describe("roles", () => {
  test("all that have a section, in the order in which they need each other", () => {
    const all = parseConfig("", "t.yaml");
    assert(!all.ok);
    const some = config(consoleOnly);
    assert.deepEqual(chooseRoles([], some), ["console"]);
    assert.throws(
      () => chooseRoles(["media-server"], some),
      (error) => error instanceof SidetoneError && error.code === "no-section" && error.exit === 1,
    );
    assert.deepEqual(startOrder.slice(-2), ["sip-server", "console"]);
  });
});

function role(name: RoleName, close: () => Promise<void>): RunningRole {
  return { role: name, listening: [], http: undefined, close };
}

describe("stopping", () => {
  test("the last started stops first; one that fails does not keep the others", async () => {
    const order: string[] = [];
    const roles = [
      role("recorder", async () => void order.push("recorder")),
      role("media-server", () => Promise.reject(new Error("stuck file"))),
      role("sip-server", async () => void order.push("sip-server")),
    ];
    assert.equal(await stopRoles(roles, new ManualClock(), silentLogger), false);
    assert.deepEqual(order, ["sip-server", "recorder"]);
  });

  test("operations.md: exit within 5 s, even if a role hangs", async () => {
    const clock = new ManualClock();
    const stopped = stopRoles([role("recorder", () => new Promise(() => undefined))], clock, silentLogger);
    await clock.advanceAsync(stopWithinMs);
    assert.equal(await stopped, false);
    assert(stopWithinMs < 5000);
  });

  test("roles that wait for vanished peers hold up the next one for a while only: all have stopped in time", async () => {
    const clock = new ManualClock();
    const began: [string, number][] = [];
    const slow = (name: RoleName, ms: number): RunningRole =>
      role(name, () => {
        began.push([name, clock.now()]);
        return new Promise((resolve) => void clock.after(ms, resolve));
      });
    const roles = [slow("recorder", 1500), slow("media-server", 2400), slow("sip-server", 3000)];
    const from = clock.now();
    const stopped = stopRoles(roles, clock, silentLogger);
    for (let ms = 0; ms < stopWithinMs; ms += 100) await clock.advanceAsync(100);
    assert.equal(await stopped, true);
    assert.deepEqual(
      began.map(([name, at]) => [name, at - from]),
      [
        ["sip-server", 0],
        ["media-server", holdUpMs],
        ["recorder", 2 * holdUpMs],
      ],
    );
    assert.equal(clock.pending, 0);
  });

  test("a clean stop leaves no timer", async () => {
    const clock = new ManualClock();
    assert.equal(await stopRoles([role("console", async () => undefined)], clock, silentLogger), true);
    assert.equal(clock.pending, 0);
  });

  test("operations.md: a second signal within a second does not mean force", () => {
    const clock = new ManualClock();
    const signals = new Signals(clock);
    assert.equal(signals.arrived(), "stop");
    clock.advance(sameSignalMs - 1);
    assert.equal(signals.arrived(), "same");
    clock.advance(1);
    assert.equal(signals.arrived(), "force");
  });
});

describe("what is said", () => {
  test("operations.md, logs: level, time, role, msg; passwords are hidden", () => {
    const lines: string[] = [];
    const log = makeLogger("info", { write: (line) => void lines.push(line) });
    log.child({ role: "recorder" }).warn({ callId: "c", password: "x" }, "text");
    log.debug({}, "not at this level");
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    assert.deepEqual(
      [line["level"], line["role"], line["msg"], line["callId"], line["password"]],
      ["warn", "recorder", "text", "c", "[hidden]"],
    );
    assert.match(line["time"] ?? "", /^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test("what listens where, how to register; only demo passwords are shown", () => {
    const text = `sip-server:
  listen: [ "udp://127.0.0.1:5060", "tcp://127.0.0.1:5060" ]
  domain: x.test
  storage: "sqlite::memory:"
  dns: { "1": { type: extension, password: demo-1, record: true }, "2": { type: extension, password: secret } }
`;
    const said = banner(config(text), [
      { ...role("sip-server", async () => undefined), listening: ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"] },
    ]);
    assert.match(said, /sip-server +udp:\/\/127\.0\.0\.1:5060 {2}tcp:/);
    assert.match(said, /Register a phone: server 127\.0\.0\.1:5060 \(UDP or TCP\), domain x\.test/);
    assert.match(said, /user 1, password demo-1 +its calls are recorded/);
    assert.match(said, /user 2\n/);
    assert.doesNotMatch(said, /secret/);
  });

  test("a low limit of open files gives a hint", () => {
    const limits = (n: string): string =>
      `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${n}                 524288               files\n`;
    assert.match(openFilesHint(limits("1024")) ?? "", /At most 1024 .* about 42 recorded calls/);
    assert.equal(openFilesHint(limits("65536")), undefined);
    assert.equal(openFilesHint(limits("unlimited")), undefined);
    assert.equal(openFilesHint(undefined), undefined);
  });

  test("tables are aligned", () => {
    assert.equal(
      table([
        ["a", "bb"],
        ["ccc", "d"],
      ]),
      "a    bb\nccc  d",
    );
  });
});
