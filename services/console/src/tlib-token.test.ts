import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccessTokenVerifier } from "@sidetone/access-token";
import type { ConsoleUser } from "@sidetone/config";
import { type Logger, silentLogger, systemClock } from "@sidetone/foundation";
import { admin, basic, consoleFor } from "./console.fixture.ts";
import type { TlibTokenAnswer } from "./tlib-token.ts";

const tokenSecret = "k".repeat(32);
const all = [{ dns: "*", rights: ["monitor", "record"] }] as const;
const people: readonly ConsoleUser[] = [
  { name: "admin", password: "pw", role: "administrator", grants: all },
  { name: "sue", password: "pw", role: "supervisor", grants: [{ dns: "70*", rights: ["monitor"] }] },
  { name: "al", password: "pw", role: "agent", grants: [] },
];

function ask(http: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${http}/api/v1/tlib-token`, { method: "POST", headers });
}

describe("POST /api/v1/tlib-token", () => {
  test("tlib-wire.md, Rights: the logged-in user's DNs and rights, for 60 s, signed for SIP Server", async (t) => {
    const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { tokenSecret, users: people });
    const verifier = new AccessTokenVerifier({ secret: tokenSecret, clock: systemClock });
    for (const [name, grants] of [
      ["admin", all],
      ["sue", [{ dns: "70*", rights: ["monitor"] }]],
    ] as const) {
      const answer = await ask(http, basic(name, "pw"));
      assert.deepEqual([answer.status, answer.headers.get("cache-control")], [200, "no-store"]);
      const { token, expiresAt, user, grants: told, pauseReminderMs } = (await answer.json()) as TlibTokenAnswer;
      const read = verifier.verify(token);
      assert(read.ok, JSON.stringify(read));
      assert.deepEqual([read.value.user, read.value.grants, user, told], [name, grants, name, grants]);
      assert.equal(Date.parse(expiresAt), read.value.expiresAt * 1000);
      assert.ok(Date.parse(expiresAt) - Date.now() <= 60_000);
      assert.equal(pauseReminderMs, 60_000, "where the configuration says nothing");
    }
  });

  test("nobody without a log-in, no user without grants, no program with the API's token", async (t) => {
    const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { tokenSecret, users: people, apiToken: "tok" });
    const code = async (headers: Record<string, string>): Promise<unknown[]> => {
      const answer = await ask(http, headers);
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    assert.deepEqual(await code({}), [401, "log-in"]);
    assert.deepEqual(await code(basic("admin", "no")), [401, "log-in"]);
    assert.deepEqual(await code(basic("al", "pw")), [403, "no-grants"]);
    assert.deepEqual(await code({ authorization: "Bearer tok" }), [403, "not-a-person"]);
    assert.deepEqual(await code({ ...admin, "sec-fetch-site": "cross-site" }), [403, "foreign-site"]);
    assert.equal(
      (await fetch(`${http}/api/v1/tlib-token`, { headers: admin })).status,
      503,
      "GET is no such path here",
    );
  });

  test("without a key the log and the answer say that the live view is off, and why", async (t) => {
    const warned: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_fields, msg) => void warned.push(msg), child: () => log };
    const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { users: people, log });
    assert.match(warned[0] ?? "", /live view of calls is off: console\.token-secret is not set/);
    const answer = await ask(http, admin);
    assert.equal(answer.status, 503);
    const { code, detail, remedy } = (await answer.json()) as Record<string, string>;
    assert.deepEqual(
      [code, /token-secret/.test(detail ?? ""), /same token-secret/.test(remedy ?? "")],
      ["live-view-off", true, true],
    );
  });

  test("a console without users, on loopback: whoever may do everything may see everything", async (t) => {
    const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { tokenSecret, users: [] });
    const answer = (await (await ask(http, {})).json()) as TlibTokenAnswer;
    assert.deepEqual([answer.user, answer.grants[0]?.dns], ["anybody", "*"]);
  });
});
