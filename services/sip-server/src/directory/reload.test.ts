import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type loadConfigInThread, parseConfig, type SidetoneConfig } from "@sidetone/config";
import { fail, type Logger, ManualClock, ok, silentLogger } from "@sidetone/foundation";
import { directoryOf } from "./directory.ts";
import { ConfigReload } from "./reload.ts";

function config(dns: string, more = "", listen = "udp://127.0.0.1:5060"): SidetoneConfig {
  const text = `sip-server:\n  listen: [ "${listen}" ]\n  domain: x.test\n  storage: "sqlite:a.sqlite"\n  dns: { ${dns} }\n${more}`;
  const result = parseConfig(text, "t.yaml", { env: {}, ephemeralPorts: undefined });
  assert(result.ok);
  return result.value;
}

const one = '"7001": { type: extension, password: p }';
const two = `${one}, "7002": { type: extension, password: p }`;

/** A reload whose file is what the test says. */
function stage(running = config(one)) {
  const clock = new ManualClock();
  const said: string[] = [];
  const note = (level: string) => (_fields: unknown, msg: string) => void said.push(`${level} ${msg}`);
  const log: Logger = { ...silentLogger, info: note("info"), warn: note("warn"), error: note("error") };
  assert.ok(running.sipServer !== undefined);
  const directory = directoryOf(running.sipServer);
  const file: { stamp: string | undefined; content: SidetoneConfig | string; reads: number; hold: Promise<void> } = {
    stamp: "1",
    content: running,
    reads: 0,
    hold: Promise.resolve(),
  };
  const load: typeof loadConfigInThread = (name) => {
    file.reads += 1;
    const { content } = file;
    const mistakes = (text: string) =>
      text.split(",").map((message, i) => ({ file: name, line: i + 1, column: 1, path: "", message }));
    const result = file.hold.then(() => (typeof content === "string" ? fail(mistakes(content)) : ok(content)));
    return { result, cancel: () => undefined };
  };
  const reload = new ConfigReload({ clock, log, running, directory, load, stamp: () => Promise.resolve(file.stamp) });
  return { clock, said, directory, file, reload };
}

describe("operations.md: read again when the file changes", () => {
  test("once it has stayed the same for a second; not while it is being written, not while it is gone", async () => {
    const { clock, directory, file, reload } = stage();
    await clock.advanceAsync(3000);
    assert.equal(file.reads, 0);
    file.content = config(two);
    for (const stamp of ["2", "3", undefined, "4"]) {
      file.stamp = stamp;
      await clock.advanceAsync(1000);
      assert.equal(file.reads, 0);
    }
    await clock.advanceAsync(1000);
    assert.deepEqual([file.reads, directory.dns().size], [1, 2]);
    await clock.advanceAsync(5000);
    assert.equal(file.reads, 1);
    reload.close();
    assert.equal(clock.pending, 0);
  });

  test("on demand; what is asked for while it is being read is read once more", async () => {
    const { directory, file, reload, clock } = stage();
    const held = Promise.withResolvers<void>();
    file.hold = held.promise;
    const first = reload.reload();
    file.content = config(two);
    const second = reload.reload();
    held.resolve();
    await Promise.all([first, second]);
    assert.deepEqual([file.reads, directory.dns().size, reload.counts()], [2, 2, { taken: 2, refused: 0 }]);
    reload.close();
    assert.equal(clock.pending, 0);
  });

  test("a file with mistakes changes nothing, and the log names the first ones", async () => {
    const { said, directory, file, reload } = stage();
    const before = directory.dns();
    file.content = "a,b,c,d,e,f,g";
    await reload.reload();
    assert.equal(directory.dns(), before);
    assert.equal(said.length, 6);
    assert.equal(said[0], "error the configuration is refused, the old one stays: t.yaml:1:1: a");
    assert.equal(said[5], "error 2 more mistakes: sidetone check-config t.yaml shows them");
    assert.deepEqual(reload.counts(), { taken: 0, refused: 1 });
    reload.close();
  });

  test("what only a start reads is named and left alone; the rest counts at once", async () => {
    const { said, directory, file, reload } = stage();
    const options = "  options: { no-answer-timeout: 5s, session-expires: 600s }\n";
    file.content = config(
      two,
      `${options}  server-id: 7\nconsole: { roles: ["http://127.0.0.1:1"], http: "http://127.0.0.1:2" }`,
      "udp://127.0.0.1:5062",
    );
    await reload.reload();
    assert.match(
      said[0] ?? "",
      /^warn .*from the next start: sip-server\.listen, sip-server\.server-id, sip-server\.options\.session-expires, console$/,
    );
    assert.equal(said[1], "info the configuration was read again");
    const now = directory.options();
    assert.deepEqual([directory.dns().size, now.noAnswerTimeoutMs, now.sessionExpires], [2, 5000, 1800]);
    reload.close();
  });

  test("a file from which the section is gone takes no DN away", async () => {
    const { said, directory, file, reload } = stage();
    file.content = { ...config(one), sipServer: undefined };
    await reload.reload();
    assert.equal(directory.dns().size, 1);
    assert.match(said[0] ?? "", /from the next start: sip-server$/);
    reload.close();
  });

  test("closed in the middle of reading: nothing is taken any more", async () => {
    const { directory, file, reload } = stage();
    const held = Promise.withResolvers<void>();
    file.hold = held.promise;
    file.content = config(two);
    const done = reload.reload();
    reload.close();
    held.resolve();
    await done;
    assert.equal(directory.dns().size, 1);
  });
});
