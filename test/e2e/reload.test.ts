// operations.md: DNs come and go without a restart; a file with mistakes changes nothing.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CallRefused, passwordOf, type RunningSystem, ScriptedPhone, startSystem, until } from "@sidetone/testing";
import { connect, phone } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  system = await startSystem({});
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

const added = { type: "extension", password: passwordOf("7200") };

/** How often the output has said it. */
const said = (text: string): number => system.output.split(text).length - 1;

/** Resolves when the output says it once more than before. */
async function saysAgain(text: string, act: () => void): Promise<void> {
  const before = said(text);
  act();
  assert.ok(await until(() => said(text) > before, 10_000), `${text}: never\n${system.output.slice(-4000)}`);
}

async function registers(user: string, password: string): Promise<number> {
  const one = await ScriptedPhone.open({ user, password, server: system.sip });
  try {
    const { status } = await one.register();
    if (status === 200) await one.register(0);
    return status;
  } finally {
    await one.close();
  }
}

describe("the configuration is read again", () => {
  test("a DN that is added to the file registers, calls and is called; a call that is up goes on", async (t) => {
    assert.equal(await registers("7200", passwordOf("7200")), 401);
    const old = await connect(await phone(t, system, "7101"), await phone(t, system, "7102"));
    await saysAgain("the configuration was read again", () =>
      system.writeConfig({ "sip-server": { dns: { "7200": added } } }),
    );
    const newcomer = await phone(t, system, "7200");
    const known = await phone(t, system, "7103");
    for (const [from, to] of [
      [known, newcomer],
      [newcomer, known],
    ] as const) {
      const { caller } = await connect(from, to);
      await caller.bye();
    }
    assert.equal(old.caller.session.state, "confirmed");
    await old.caller.bye();
  });

  test("a file with a mistake changes nothing, and the log says where it is", async (t) => {
    const before = await connect(await phone(t, system, "7103"), await phone(t, system, "7200"));
    await before.caller.bye();
    await saysAgain("the configuration is refused, the old one stays", () =>
      system.writeConfig({ "sip-server": { dns: { "7200": null, "7201": { type: "extention", password: "p" } } } }),
    );
    assert.match(
      system.output,
      /sidetone\.yaml:\d+:\d+: sip-server\.dns\.\\"7201\\"\.type: .*Did you mean \\"extension\\"/,
    );
    const still = await connect(await phone(t, system, "7103"), await phone(t, system, "7200"));
    await still.caller.bye();
  });

  test("SIGHUP: a password that stands in a file of its own is read again", async () => {
    const secret = join(system.folder, "password");
    writeFileSync(secret, "first\n");
    await saysAgain("the configuration was read again", () =>
      system.writeConfig({
        "sip-server": { dns: { "7200": added, "7202": { ...added, password: { file: secret } } } },
      }),
    );
    assert.equal(await registers("7202", "first"), 200);
    writeFileSync(secret, "second\n");
    const server = system.processes.find(({ name }) => name === "sip-server" || name === "all");
    await saysAgain("the configuration was read again", () => server?.child.kill("SIGHUP"));
    assert.deepEqual([await registers("7202", "first"), await registers("7202", "second")], [401, 200]);
  });

  test("what only a start reads is said to count from the next one", async () => {
    await saysAgain("count from the next start: sip-server.server-id", () =>
      system.writeConfig({ "sip-server": { "server-id": 2, dns: { "7200": added } } }),
    );
  });

  test("a DN that is taken out of the file is unknown at once, its contacts are gone", async (t) => {
    const caller = await phone(t, system, "7103");
    const leaving = await ScriptedPhone.open({ user: "7200", password: passwordOf("7200"), server: system.sip });
    t.after(() => leaving.close());
    await leaving.registered();
    assert.match(await registrations(), /"7200"/);
    await saysAgain("the configuration was read again", () => system.writeConfig());
    assert.doesNotMatch(await registrations(), /"7200"/);
    await assert.rejects(
      (await caller.call("7200")).answered,
      (error) => error instanceof CallRefused && error.status === 404,
    );
  });
});

async function registrations(): Promise<string> {
  return (await system.get(`${system.http("sip-server")}/api/v1/registrations`)).text();
}
