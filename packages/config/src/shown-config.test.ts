import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { withoutCredentials } from "./credentials.ts";
import { type LoadOptions, parseConfig } from "./load.ts";
import { formatMistake } from "./mistake.ts";
import { secretsOf, showConfig } from "./shown-config.ts";

const root = join(import.meta.dirname, "../../..");
const quiet: LoadOptions = {
  env: { TOKEN: "from-env-".repeat(5) },
  ephemeralPorts: undefined,
  readFile: () => "from-file\n",
};
const show = (text: string) => showConfig(text, "/etc/sidetone/t.yaml", quiet);
const consoleWith = (more: string): string =>
  `console:\n  roles: ["http://127.0.0.1:1"]\n  http: "http://127.0.0.1:2"\n${more}`;

test("the documented example: every password is masked, all else stays as it is, line by line", () => {
  const text = readFileSync(join(root, "sidetone.yaml"), "utf8");
  const shown = show(text).text ?? "";
  assert.equal(shown.includes("demo-"), false);
  assert.equal(shown, text.replaceAll(/demo-[a-z0-9]+/g, '"********"'));
});

test("secrets that stand elsewhere: their place is shown, it is no secret", () => {
  const text = consoleWith("  api-token: { env: TOKEN }\n  users: { a: { password: { file: ./a.pw } } } # who\n");
  assert.deepEqual(show(text), { text, mistakes: [], warnings: [] });
});

test("comments and the number of lines survive, also where a secret takes several", () => {
  const text = consoleWith(
    "  api-token: |\n    top\n    secret\n  # kept\n  users: { a: { password: 'x\n\n   y' } } # kept too\n",
  );
  const shown = show(text).text ?? "";
  assert.equal(shown.split("\n").length, text.split("\n").length);
  assert.equal(shown.split("\n").indexOf("  # kept"), text.split("\n").indexOf("  # kept"));
  assert.match(shown, /# kept too/);
  assert.doesNotMatch(shown, /top|secret|[xy]/);
  assert.deepEqual(
    show(shown).mistakes.map((m) => m.message),
    ["is masked, and there is no secret that it stands for.", "is masked, and there is no secret that it stands for."],
  );
});

test("passwords in URLs are masked, the rest of the URL is shown", () => {
  const database = (url: string): string =>
    `recorder:\n  listen: [ "tcp://127.0.0.1:5090" ]\n  rtp: { address: 127.0.0.1, ports: 25000-32767 }\n  storage: { directory: ./rec, database: "${url}" }\n`;
  const shown = show(database("postgres://me:s%40crt@db:5432/x?sslmode=require")).text ?? "";
  assert.match(shown, /"postgres:\/\/me:\*{8}@db:5432\/x\?sslmode=require"/);
  const wrong = show(database("postgre://me:hunter2@db/x"));
  assert.doesNotMatch(JSON.stringify(wrong), /hunter2/);
  assert.equal(wrong.mistakes.length, 1);
  assert.equal(withoutCredentials("sip:7001:pw@host;transport=tcp"), "sip:7001:********@host;transport=tcp");
  assert.equal(withoutCredentials("https://h/x?a=1&api-token=abc"), "https://h/x?a=1&api-token=********");
  for (const plain of ["http://127.0.0.1:8081", "sip:7001@host:5060", "sqlite:./a:b@c", "a:b@c", "", ":"])
    assert.equal(withoutCredentials(plain), plain);
});

test("a value that the check did not understand may be a secret", () => {
  const cases = [
    consoleWith("  users: { a: { pasword: hunter2 } }\n"),
    consoleWith("  users: { a: hunter2 }\n"),
    consoleWith("  users: [ { a: { password: hunter2 } } ]\n"),
    consoleWith("  users: { a: { password: hunter2, password: other } }\n"),
    consoleWith("  users: { a: { password: [ hunter2 ] } }\n"),
    consoleWith("  users: { ? { b: hunter2 } : 1 }\n"),
    consoleWith("  users: { a: { password: &p hunter2, role: *p } }\n"),
    consoleWith("  api-token: *hunter2\n"),
    consoleWith("  api-token: 0xhunter2: {\n"),
    "hunter2",
    "- hunter2",
  ];
  for (const text of cases) {
    const shown = show(text);
    assert.doesNotMatch(JSON.stringify(shown.text ?? ""), /hunter2/, text);
    assert.ok(shown.mistakes.length > 0, text);
  }
  const numbers = show(consoleWith("  users: { a: { password: 4711 } }\n"));
  assert.doesNotMatch(JSON.stringify(numbers), /4711/);
});

test("a secret of any characters is masked, and the masked text reads like the first, its secrets unchanged", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ minLength: 1 }), (password, token) => {
      fc.pre(password !== "********" && token !== "********" && !token.includes("\0"));
      const text = consoleWith(
        `  api-token: ${JSON.stringify(token)}\n  users: { a: { password: ${JSON.stringify(password)}, role: auditor } } # x\n`,
      );
      const { text: shown } = show(text);
      assert.equal(
        shown,
        consoleWith('  api-token: "********"\n  users: { a: { password: "********", role: auditor } } # x\n'),
      );
      const secrets = secretsOf(text, "t.yaml", quiet);
      const again = parseConfig(shown ?? "", "t.yaml", { ...quiet, unchanged: (path) => secrets.get(path) });
      assert.deepEqual(again, parseConfig(text, "t.yaml", quiet));
    }),
  );
});

test("a mask is a secret only at the place of one", () => {
  const secrets = new Map([["console.users.a.password", "hunter2"]]);
  const check = (text: string) => parseConfig(text, "t.yaml", { ...quiet, unchanged: (path) => secrets.get(path) });
  const good = check(consoleWith('  users: { a: { password: "********" } }\n'));
  assert.equal(good.ok && good.value.console?.users[0]?.password, "hunter2");
  const wrong = check(consoleWith('  users: { a: { password: &p "********", role: *p }, b: { password: *p } }\n'));
  assert.deepEqual(wrong.ok ? [] : wrong.error.map(formatMistake), [
    't.yaml:4:48: console.users.a.role: must be one of administrator, supervisor, auditor, agent, not "********".',
    "t.yaml:4:69: console.users.b.password: is masked, and there is no secret that it stands for. Write the secret itself, or { file: PATH } or { env: NAME }.",
  ]);
});

test("a masked text that is taken for a configuration is refused", () => {
  assert.equal(parseConfig(consoleWith('  api-token: "********"\n'), "t.yaml", quiet).ok, false);
});
