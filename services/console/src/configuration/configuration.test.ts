import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { admin, basic, consoleFor, staff } from "../console.fixture.ts";

const good = `console:
  roles: ["http://127.0.0.1:1"]
  http: "http://127.0.0.1:2" # kept
  api-token: { file: ./token }
  users:
    anna: { password: hunter2, role: auditor }
`;

interface Found {
  text?: string | null;
  file?: string;
  mistakes: { line: number; column: number; path: string; message: string; remedy?: string }[];
  warnings: unknown[];
  notLookedAt?: string[];
}

async function scene(t: TestContext, text: string) {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-configuration-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "t.yaml");
  writeFileSync(file, text);
  writeFileSync(join(folder, "token"), "token-of-the-file\n");
  writeFileSync(join(folder, "other"), "content-of-another-file\n");
  const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { users: staff, file });
  const ask = async (who: Record<string, string>, body?: unknown) => {
    const answer = await fetch(`${http}/api/v1/configuration${body === undefined ? "" : "/check"}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...who, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const raw = await answer.text();
    return { status: answer.status, raw, found: JSON.parse(raw) as Found };
  };
  const check = async (changed: string) => (await ask(basic("aud", "pw"), { text: changed })).found;
  return { folder, file, ask, check };
}

test("the file as it is now, secrets masked, for administrators and auditors", async (t) => {
  const { ask, file } = await scene(t, good);
  for (const who of [admin, basic("aud", "pw")]) {
    const { status, raw, found } = await ask(who);
    assert.equal(status, 200);
    assert.doesNotMatch(raw, /hunter2|token-of-the-file/);
    assert.deepEqual(found, {
      file: "t.yaml",
      text: good.replace("hunter2", '"********"'),
      mistakes: [],
      warnings: [],
    });
  }
  assert.equal((await ask(basic("sue", "pw"))).status, 403);
  assert.equal((await ask(basic("al", "pw"), { text: "" })).status, 403);
  writeFileSync(file, good.replace("role: auditor", "rolle: auditor"));
  const { found } = await ask(admin);
  assert.deepEqual(
    found.mistakes.map((m) => [m.line, m.path, m.message]),
    [[6, "console.users.anna.rolle", 'is not a known key. Did you mean "role"?']],
  );
});

test("a file that is no YAML, or is gone, is told of and not shown", async (t) => {
  const { ask, file } = await scene(t, good);
  writeFileSync(file, "console: { users: { anna: { password: hunter2 }\n");
  const broken = await ask(admin);
  assert.deepEqual([broken.found.text, broken.found.mistakes.length], [null, 1]);
  assert.doesNotMatch(broken.raw, /hunter2/);
  rmSync(file);
  assert.match((await ask(admin)).found.mistakes[0]?.message ?? "", /cannot be read/);
});

test("a changed text is checked with the file's secrets where it has masks", async (t) => {
  const { ask, check } = await scene(t, good);
  const { text } = (await ask(admin)).found;
  assert.deepEqual(await check(text ?? ""), { mistakes: [], warnings: [], notLookedAt: [] });
  const found = await check((text ?? "").replace("role: auditor", "role: auditer"));
  assert.deepEqual(
    found.mistakes.map((m) => [m.line, m.column, m.path]),
    [[6, 41, "console.users.anna.role"]],
  );
  const more = await check(`${text ?? ""}    bob: { password: "********" }\n`);
  assert.match(more.mistakes[0]?.message ?? "", /is masked, and there is no secret/);
});

test("nobody learns by a check what stands in other files, in variables, or in a secret of the file", async (t) => {
  const { check, folder } = await scene(t, good);
  const recorder = (database: string): string =>
    `recorder:\n  listen: [ "tcp://127.0.0.1:5090" ]\n  rtp: { address: 127.0.0.1, ports: 25000-32767 }\n  storage: { directory: ./rec, database: ${database} }\n`;
  for (const elsewhere of ["{ file: ./other }", "{ file: /etc/hostname }", "{ env: PATH }", "{ file: ./token }"]) {
    const answer = JSON.stringify(await check(recorder(elsewhere)));
    assert.doesNotMatch(answer, /content-of-another|token-of-the-file|\/usr\/bin/, elsewhere);
  }
  const there = await check(good.replace("./token", "./other"));
  const away = await check(good.replace("./token", "./nowhere"));
  assert.deepEqual(there, { mistakes: [], warnings: [], notLookedAt: [join(folder, "other")] });
  assert.deepEqual(away, { mistakes: [], warnings: [], notLookedAt: [join(folder, "nowhere")] });
  const alias = await check(good.replace("hunter2, role: auditor", '&p "********", role: *p'));
  assert.doesNotMatch(JSON.stringify(alias), /hunter2/);
});

test("mistakes in the request", async (t) => {
  const { ask } = await scene(t, good);
  for (const body of [{}, { text: 1 }, { text: "", file: "/etc/passwd" }])
    assert.equal((await ask(admin, body)).status, 400, JSON.stringify(body));
});
