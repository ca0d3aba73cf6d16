import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { admin, basic, consoleFor, staff } from "./console.fixture.ts";

const [sue, auditor, agent] = [basic("sue", "pw"), basic("aud", "pw"), basic("al", "pw")];

async function scene(
  t: TestContext,
): Promise<
  (
    who: Record<string, string>,
    method: string,
    rest?: string,
    body?: unknown,
  ) => Promise<{ status: number; body: Record<string, unknown> }>
> {
  const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { users: staff });
  return async (who, method, rest = "", body) => {
    const answer = await fetch(`${http}/api/v1/saved-searches${rest}`, {
      method,
      headers: { ...who, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
}

test("saved, seen by the owner only, shared, changed, deleted", async (t) => {
  const ask = await scene(t);
  const name = "/Complaints%20%2F%20May";
  const mine = { name: "Complaints / May", query: "q=angry&from=2026-05-01", shared: false, owner: "sue" };
  assert.deepEqual(await ask(sue, "PUT", name, { query: mine.query }), { status: 201, body: mine });
  assert.deepEqual((await ask(sue, "GET")).body, { searches: [mine] });
  assert.deepEqual((await ask(auditor, "GET")).body, { searches: [] });
  const shared = { ...mine, query: "q=x", shared: true };
  assert.deepEqual(await ask(sue, "PUT", name, { query: "q=x", shared: true }), { status: 200, body: shared });
  assert.deepEqual((await ask(auditor, "GET")).body, { searches: [shared] });
  assert.equal((await ask(sue, "DELETE", name)).status, 204);
  assert.deepEqual(await ask(sue, "DELETE", name).then((a) => [a.status, a.body["code"]]), [404, "no-such-search"]);
});

test("what others share is changed by its owner and administrators only, what they do not share by nobody else", async (t) => {
  const ask = await scene(t);
  await ask(sue, "PUT", "/team", { query: "a=1", shared: true });
  await ask(sue, "PUT", "/own", { query: "a=1" });
  assert.deepEqual(await ask(auditor, "DELETE", "/team?owner=sue").then((a) => [a.status, a.body["code"]]), [
    403,
    "not-allowed",
  ]);
  assert.equal((await ask(auditor, "PUT", "/team?owner=sue", { query: "b" })).status, 403);
  assert.equal((await ask(admin, "PUT", "/team?owner=sue", { query: "b=2", shared: true })).status, 200);
  assert.equal((await ask(admin, "PUT", "/own?owner=sue", { query: "b=2" })).status, 404);
  assert.equal((await ask(admin, "PUT", "/new?owner=sue", { query: "b=2" })).status, 404);
  assert.equal((await ask(admin, "DELETE", "/team?owner=sue")).status, 204);
  assert.equal((await ask(agent, "GET")).status, 403);
});

test("mistakes in a search, and too many of them", async (t) => {
  const ask = await scene(t);
  const bodies = [
    undefined,
    [],
    {},
    { query: 1 },
    { query: "x".repeat(4001) },
    { query: "a#b" },
    { query: "a", shared: 1 },
    { query: "a", other: 1 },
  ];
  for (const body of bodies) {
    const { status, body: problem } = await ask(sue, "PUT", "/x", body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(problem["code"], "bad-request");
  }
  assert.equal((await ask(sue, "PUT", `/${"x".repeat(101)}`, { query: "a" })).status, 400);
  assert.equal((await ask(sue, "PUT", "/%20", { query: "a" })).status, 400);
  for (let n = 0; n < 200; n++) assert.equal((await ask(sue, "PUT", `/s${n}`, { query: "" })).status, 201);
  assert.deepEqual(await ask(sue, "PUT", "/one-more", { query: "" }).then((a) => [a.status, a.body["code"]]), [
    409,
    "too-many-searches",
  ]);
});
