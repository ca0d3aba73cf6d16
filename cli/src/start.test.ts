import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";

const binary = join(dirname(import.meta.filename), "../bin/sidetone");

interface Run {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly exit: Promise<number | null>;
}

function start(t: TestContext, yaml: string, ...args: string[]): Run {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-start-"));
  const config = join(folder, "sidetone.yaml");
  writeFileSync(config, yaml);
  const child = spawn(binary, ["start", ...args, "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, out: () => out, err: () => err, exit };
}

/** Resolves when the process has said that it runs. */
function running(run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    run.child.stderr?.on("data", () => {
      if (run.err().includes("Ctrl-C stops it")) resolve();
    });
    run.child.once("close", () => reject(new Error(run.out() + run.err())));
  });
}

const twoRoles = `
resource-manager:
  listen: [ "tcp://127.0.0.1:0" ]
  groups: { ms: { service: msml, resources: [ { address: "sip:127.0.0.1:1;transport=tcp" } ] } }
  http: "http://127.0.0.1:0"
console: { roles: [ "http://127.0.0.1:1" ], http: "http://127.0.0.1:0" }
`;

describe("sidetone start", () => {
  test("Ctrl-C that arrives twice within a second stops it in good order: exit 0", async (t) => {
    const run = start(t, twoRoles);
    await running(run);
    run.child.kill("SIGINT");
    run.child.kill("SIGINT");
    run.child.kill("SIGTERM");
    assert.equal(await run.exit, 0);
    const lines = run
      .out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.filter((l) => l["msg"] === "running").map((l) => l["role"]),
      ["resource-manager", "console"],
    );
    assert.deepEqual(
      lines.filter((l) => l["msg"] === "stopped").map((l) => l["role"]),
      ["console", "resource-manager"],
    );
    assert.match(run.err(), /Console: http:\/\/127\.0\.0\.1:\d+/);
  });

  test("SIGHUP without a terminal checks the configuration and lets everything run", async (t) => {
    const run = start(t, twoRoles, "console");
    await running(run);
    run.child.kill("SIGHUP");
    await new Promise<void>((resolve) => {
      run.child.stdout?.on("data", () => {
        if (run.out().includes("changes count from the next start")) resolve();
      });
    });
    run.child.kill("SIGINT");
    assert.equal(await run.exit, 0);
  });

  test("one role of several: the others are not started", async (t) => {
    const run = start(t, twoRoles, "resource-manager");
    await running(run);
    run.child.kill("SIGTERM");
    assert.equal(await run.exit, 0);
    assert.doesNotMatch(run.out(), /"role":"console"/);
  });

  test("operations.md, exit codes: 2 on a port in use, naming it", async (t) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    t.after(() => taken.close());
    const address = taken.address();
    assert(typeof address === "object" && address !== null);
    const sip = start(t, twoRoles.replace("tcp://127.0.0.1:0", `tcp://127.0.0.1:${address.port}`));
    assert.equal(await sip.exit, 2);
    assert.match(sip.err(), new RegExp(`^resource-manager: .*port ${address.port} is in use`));
    assert.match(sip.err(), /The address is resource-manager\.listen in .*sidetone\.yaml\./);
    const http = start(
      t,
      twoRoles.replace('"http://127.0.0.1:0"\nconsole', `"http://127.0.0.1:${address.port}"\nconsole`),
    );
    assert.equal(await http.exit, 2);
    assert.match(http.err(), new RegExp(`^resource-manager: port ${address.port} is in use`));
    assert.match(http.err(), /The address is resource-manager\.http in /);
  });

  test("operations.md, exit codes: 1 where a folder cannot be used, with what stands in the way", async (t) => {
    const blocked = 'recorder:\n  listen: [ "tcp://127.0.0.1:0" ]\n  rtp: { address: 127.0.0.1, ports: 25000-32767 }\n';
    const run = start(t, `${blocked}  storage: { directory: sidetone.yaml/rec, database: "sqlite:r.sqlite" }\n`);
    assert.equal(await run.exit, 1);
    assert.match(run.err(), /The folder .*sidetone\.yaml\/rec cannot be used: .*sidetone\.yaml is a file\.\nMake it/);
  });

  test("a damaged index: exit 1, one sentence and what to do, no stack", async (t) => {
    const damaged = 'recorder:\n  listen: [ "tcp://127.0.0.1:0" ]\n  rtp: { address: 127.0.0.1, ports: 25000-32767 }\n';
    const run = start(t, `${damaged}  storage: { directory: rec, database: "sqlite:sidetone.yaml" }\n`);
    assert.equal(await run.exit, 1);
    assert.match(
      run.err(),
      /^recorder\.storage\.database .*sidetone\.yaml: file is not a database\nStop the recorder, move .* away/,
    );
  });

  test("a role without a section, and one that does not exist: exit 1 with what there is", async (t) => {
    const none = start(t, twoRoles, "recorder");
    assert.equal(await none.exit, 1);
    assert.match(none.err(), /has no section recorder.*\nIt has: resource-manager, console\./);
    const typo = start(t, twoRoles, "consle");
    assert.equal(await typo.exit, 1);
    assert.match(typo.err(), /Did you mean console\?/);
  });

  test("operations.md, exit codes: 1 on a bad configuration", async (t) => {
    const run = start(t, "console: 7");
    assert.equal(await run.exit, 1);
    assert.match(run.err(), /sidetone\.yaml:1:10: console: must be a map/);
  });
});
