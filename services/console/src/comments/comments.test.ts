import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { admin, basic, consoleFor, role, staff } from "../console.fixture.ts";

const [sue, auditor, agent] = [basic("sue", "pw"), basic("aud", "pw"), basic("al", "pw")];
const recordings = [
  { id: "r1", dn: "7001", state: "complete", durationMs: 60_000, startTime: "2026-11-28T10:00:00Z" },
  { id: "r2", dn: "8001", state: "recording", durationMs: 1000, startTime: "2026-11-28T10:00:00Z" },
];

type Ask = (
  who: Record<string, string>,
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: Record<string, unknown> }>;

async function scene(t: TestContext, roles?: string[]): Promise<Ask> {
  const recorder = await role(t, "recorder", (app) => {
    app.get<{ Querystring: { id: string } }>("/api/v1/recordings", async (request) => {
      const scope = request.headers["x-sidetone-dns"];
      const reach = scope === undefined ? undefined : String(scope).replaceAll("*", "");
      return {
        recordings: recordings.filter(
          ({ id, dn }) => id === request.query.id && (reach === undefined || dn.startsWith(reach)),
        ),
      };
    });
  });
  const { http } = await consoleFor(t, roles ?? [recorder.url], { users: staff });
  return async (who, method, path, body) => {
    const answer = await fetch(`${http}/api/v1/recordings${path}`, {
      method,
      headers: { ...who, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
}

test("comments are added at moments, listed in their order, and deleted by author or administrator", async (t) => {
  const ask = await scene(t);
  const late = await ask(sue, "POST", "/r1/comments", { atMs: 30_000, text: " well done " });
  assert.equal(late.status, 201);
  assert.deepEqual([late.body["atMs"], late.body["text"], late.body["user"]], [30_000, "well done", "sue"]);
  const early = await ask(auditor, "POST", "/r1/comments", { atMs: 0, text: "greeting missing" });
  assert.deepEqual((await ask(sue, "GET", "/r1/comments")).body, { comments: [early.body, late.body] });
  assert.equal((await ask(sue, "DELETE", `/r1/comments/${String(early.body["id"])}`)).status, 403);
  assert.equal((await ask(sue, "DELETE", `/r1/comments/${String(late.body["id"])}`)).status, 204);
  assert.equal((await ask(admin, "DELETE", `/r1/comments/${String(early.body["id"])}`)).status, 204);
  assert.deepEqual((await ask(sue, "GET", "/r1/comments")).body, { comments: [] });
});

test("who may not see a recording finds neither it nor its comments", async (t) => {
  const ask = await scene(t);
  const { body } = await ask(admin, "POST", "/r2/comments", { atMs: 5_000_000, text: "while it goes on" });
  for (const [method, path] of [
    ["GET", "/r2/comments"],
    ["POST", "/r2/comments"],
    ["DELETE", `/r2/comments/${String(body["id"])}`],
    ["GET", "/r3/comments"],
  ] as const) {
    const answer = await ask(sue, method, path, method === "POST" ? { atMs: 0, text: "x" } : undefined);
    assert.deepEqual([answer.status, answer.body["code"]], [404, "no-such-recording"], `${method} ${path}`);
  }
  assert.equal((await ask(agent, "GET", "/r1/comments")).status, 403);
  assert.equal((await ask(agent, "POST", "/r1/comments", { atMs: 0, text: "x" })).status, 403);
});

test("mistakes in a comment", async (t) => {
  const ask = await scene(t);
  const bodies = [
    {},
    { atMs: 0, text: "" },
    { atMs: 0, text: "  " },
    { atMs: 0, text: "x".repeat(2001) },
    { atMs: -1, text: "x" },
    { atMs: 0.5, text: "x" },
    { atMs: "0", text: "x" },
    { atMs: 60_001, text: "behind the end" },
    { atMs: 0, text: "x", user: "bob" },
  ];
  for (const body of bodies) {
    const answer = await ask(sue, "POST", "/r1/comments", body);
    assert.deepEqual([answer.status, answer.body["code"]], [400, "bad-request"], JSON.stringify(body));
  }
  const { body } = await ask(sue, "POST", "/r1/comments", { atMs: 0, text: "x" });
  for (const path of ["/r1/comments/0", "/r1/comments/x", "/r1/comments/99", `/r2/comments/${String(body["id"])}`])
    assert.equal((await ask(admin, "DELETE", path)).status, 404, path);
});

test("while no recorder answers nobody knows what may be seen, and nothing is shown", async (t) => {
  const ask = await scene(t, ["http://127.0.0.1:1"]);
  const answer = await ask(admin, "GET", "/r1/comments");
  assert.deepEqual([answer.status, answer.body["code"]], [503, "role-not-running"]);
});
