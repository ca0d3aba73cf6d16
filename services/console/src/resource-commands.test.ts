import assert from "node:assert/strict";
import { test } from "node:test";
import { basic, consoleFor, role } from "./console.fixture.ts";

const people = [
  { name: "admin", password: "pw", role: "administrator" as const },
  { name: "sue", password: "pw", role: "supervisor" as const },
];

test("R32: a command about a resource goes to every Resource Manager; one that refuses is the answer; administrators only", async (t) => {
  const told: string[] = [];
  let status = 200;
  const manager = (name: string, answer: () => number) =>
    role(t, "resource-manager", (app) => {
      app.post("/api/v1/resources/withdraw", async (request, reply) => {
        told.push(`${name} ${JSON.stringify(request.body)}`);
        return reply.code(answer()).send({ from: name });
      });
    });
  const one = await manager("one", () => 200);
  const two = await manager("two", () => status);
  const { http } = await consoleFor(t, [one.url, two.url], { users: people });
  const post = (user: string): Promise<Response> =>
    fetch(`${http}/api/v1/resources/withdraw`, {
      method: "POST",
      headers: { ...basic(user, "pw"), "content-type": "application/json" },
      body: '{"address":"sip:a"}',
    });
  const done = await post("admin");
  assert.equal(done.status, 200);
  assert.deepEqual(await done.json(), { from: "one" });
  assert.deepEqual(told.toSorted(), ['one {"address":"sip:a"}', 'two {"address":"sip:a"}']);
  status = 404;
  const refused = await post("admin");
  assert.deepEqual([refused.status, await refused.json()], [404, { from: "two" }]);
  assert.equal((await post("sue")).status, 403);
  assert.equal(told.length, 4);
  await two.close();
  const unreachable = await post("admin");
  assert.equal(unreachable.status, 502);
  assert.match(await unreachable.text(), /role-unreachable/);
});
