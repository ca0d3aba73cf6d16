// A registration that is not renewed runs out; guessing passwords is slowed down.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CallRefused, passwordOf, type RunningSystem, ScriptedPhone, startSystem, until } from "@sidetone/testing";
import { phone } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  system = await startSystem({
    mode: "one-process",
    config: { "sip-server": { options: { "min-expires": "1s" } } },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

describe("registration", () => {
  test("RFC 3261 10.3: a contact that is not renewed is gone when its time is over", async (t) => {
    const caller = await phone(t, system, "7101");
    const brief = await phone(t, system, "7102");
    const response = await brief.register(2);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("Contact") ?? "", /expires=2\b/);
    const first = await caller.call("7102");
    await first.answered;
    await first.bye();
    const from = performance.now();
    assert.ok(await until(async () => (await contacts("7102")) === 0, 6000), "the contact is still there");
    const took = performance.now() - from;
    assert.ok(took < 3500, `gone after ${Math.round(took)} ms`);
    await assert.rejects(
      (await caller.call("7102")).answered,
      (error) => error instanceof CallRefused && error.status === 480,
    );
    await brief.registered();
    const again = await caller.call("7102");
    await again.answered;
    await again.bye();
  });

  test("five wrong passwords, then 503 with Retry-After, the same for a user that does not exist", async (t) => {
    for (const user of ["7103", "7998"]) {
      const guesser = await ScriptedPhone.open({ user, password: "wrong", server: system.sip });
      t.after(() => guesser.close());
      const seen: number[] = [];
      let wait: string | undefined;
      for (let n = 0; n < 8 && wait === undefined; n += 1) {
        const response = await guesser.register();
        seen.push(response.status);
        wait = response.headers.get("Retry-After");
      }
      assert.deepEqual(seen, [401, 401, 401, 401, 401, 503], user);
      assert.ok(Number(wait) >= 1, `Retry-After: ${wait}`);
    }
    // Who knows the password is let in from elsewhere, or after the wait; other users are not held up.
    const other = await ScriptedPhone.open({ user: "7104", password: passwordOf("7104"), server: system.sip });
    t.after(() => other.close());
    assert.equal((await other.register()).status, 200);
  });
});

async function contacts(dn: string): Promise<number> {
  const text = await (await system.get(`${system.http("sip-server")}/api/v1/registrations`)).text();
  return text.includes(`"${dn}"`) ? 1 : 0;
}
