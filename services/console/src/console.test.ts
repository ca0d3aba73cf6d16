import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { type FastifyInstance, startHttp } from "@sidetone/http";
import { admin, basic, consoleFor, role } from "./console.fixture.ts";
import { rolesFor } from "./path-table.ts";

const wav = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));

function recorder(app: FastifyInstance): void {
  app.get("/api/v1/recordings", async (request) => ({ recordings: [], query: request.query }));
  app.get("/api/v1/recordings/missing", async (_request, reply) =>
    reply.code(404).type("application/problem+json").send(Buffer.from('{"code":"no-such-recording"}')),
  );
  app.get("/api/v1/recordings/a/audio", async (request, reply) => {
    void reply.header("accept-ranges", "bytes").type("audio/wav");
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (range === null) return reply.send(wav);
    const part = wav.subarray(Number(range[1]), Number(range[2]) + 1);
    return reply.code(206).header("content-range", `bytes ${range[1]}-${range[2]}/${wav.length}`).send(part);
  });
  app.post("/api/v1/recordings/a/notes", async (request) => ({ got: request.body }));
}

describe("console", () => {
  test("operations.md, HTTP: HTTP Basic; health needs none", async (t) => {
    const { http } = await consoleFor(t, [(await role(t, "recorder", recorder)).url]);
    assert.equal((await fetch(`${http}/livez`)).status, 200);
    const without = await fetch(`${http}/api/v1/recordings`);
    assert.equal(without.status, 401);
    assert.match(without.headers.get("www-authenticate") ?? "", /^Basic realm="Sidetone"/);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${http}/api/v1/recordings`, { headers })).status;
    assert.equal(await status(basic("admin", "no")), 401);
    assert.equal(await status(basic("nobody", "pw")), 401);
    assert.equal(await status(admin), 200);
  });

  test("every /api/v1 path of the others in one place: query, errors, bodies pass unchanged", async (t) => {
    const rec = await role(t, "recorder", recorder);
    const sip = await role(t, "sip-server", (app) => {
      app.get("/api/v1/calls", async () => ({ calls: ["one"] }));
      app.get("/api/v1/openapi.json", async () => ({ openapi: "3.1.0" }));
    });
    const { http } = await consoleFor(t, [rec.url, sip.url]);
    const get = async (path: string): Promise<Response> => fetch(http + path, { headers: admin });
    assert.deepEqual(await (await get("/api/v1/calls")).json(), { calls: ["one"] });
    assert.deepEqual(await (await get("/api/v1/recordings?dn=7001&limit=2")).json(), {
      recordings: [],
      query: { dn: "7001", limit: "2" },
    });
    const missing = await get("/api/v1/recordings/missing");
    assert.deepEqual([missing.status, missing.headers.get("content-type")], [404, "application/problem+json"]);
    assert.deepEqual(await (await get("/api/v1/openapi.json")).json(), { openapi: "3.1.0" });
    const posted = await fetch(`${http}/api/v1/recordings/a/notes`, {
      method: "POST",
      headers: { ...admin, "content-type": "application/json" },
      body: '{"text":"hello"}',
    });
    assert.deepEqual(await posted.json(), { got: { text: "hello" } });
    assert.equal((await get("/api/v1/resources")).status, 503);
  });

  test("Range, HEAD and whole files pass through", async (t) => {
    const { http } = await consoleFor(t, [(await role(t, "recorder", recorder)).url]);
    const url = `${http}/api/v1/recordings/a/audio`;
    const part = await fetch(url, { headers: { ...admin, range: "bytes=10-19" } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), "bytes 10-19/1000");
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), wav.subarray(10, 20));
    const whole = await fetch(url, { headers: admin });
    assert.equal(whole.headers.get("content-type"), "audio/wav");
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), wav);
    const head = await fetch(url, { method: "HEAD", headers: admin });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), "1000");
    assert.equal(head.headers.get("accept-ranges"), "bytes");
  });

  test("/readyz: its own and every role's", async (t) => {
    const good = await role(t, "recorder", recorder);
    const bad = await role(t, "media-server", () => undefined, { ok: false });
    const up = await consoleFor(t, [good.url]);
    assert.equal((await fetch(`${up.http}/readyz`)).status, 200);
    const down = await consoleFor(t, [good.url, bad.url, "http://127.0.0.1:1"]);
    const answer = await fetch(`${down.http}/readyz`);
    assert.equal(answer.status, 503);
    const { reasons } = (await answer.json()) as { reasons: string[] };
    assert.equal(reasons[0], "media-server: no database");
    assert.equal(reasons[1], "http://127.0.0.1:1: does not answer: nothing listens there");
    const status = (await (await fetch(`${down.http}/api/v1/status`, { headers: admin })).json()) as {
      roles: { role?: string; ok: boolean }[];
    };
    assert.deepEqual(
      status.roles.map((r) => [r.role, r.ok]),
      [
        ["recorder", true],
        ["media-server", false],
        [undefined, false],
      ],
    );
  });

  test("/readyz follows a role that goes away and comes back, by its name", async (t) => {
    const first = await role(t, "recorder", recorder);
    const { http } = await consoleFor(t, [first.url]);
    const ready = async (): Promise<unknown> => (await fetch(`${http}/readyz`)).json();
    assert.deepEqual(await ready(), { role: "console", ok: true, reasons: [] });
    await first.close();
    const gone = { role: "console", ok: false, reasons: ["recorder: does not answer: nothing listens there"] };
    assert.deepEqual(await ready(), gone);
    const again = await startHttp({
      role: "recorder",
      address: { host: "127.0.0.1", port: Number(new URL(first.url).port) },
      log: silentLogger,
      ready: () => ({ ok: true, reasons: [] }),
    });
    t.after(() => again.close());
    assert.deepEqual(await ready(), { role: "console", ok: true, reasons: [] });
  });

  test("the roles' bearer token is added, the visitor's password is not passed on", async (t) => {
    let seen: string | undefined;
    const rec = await role(
      t,
      "recorder",
      (app) => {
        app.get("/api/v1/recordings", async (request) => {
          seen = request.headers.authorization;
          return {};
        });
      },
      { token: "tok" },
    );
    const { http } = await consoleFor(t, [rec.url], { apiToken: "tok" });
    assert.equal((await fetch(`${http}/api/v1/recordings`, { headers: admin })).status, 200);
    assert.equal(seen, "Bearer tok");
    assert.equal((await fetch(`${http}/api/v1/recordings`, { headers: { authorization: "Bearer tok" } })).status, 200);
  });

  test("a role that is gone: 502 as a problem document", async (t) => {
    const rec = await role(t, "recorder", recorder);
    const { http } = await consoleFor(t, [rec.url]);
    assert.equal((await fetch(`${http}/api/v1/recordings`, { headers: admin })).status, 200);
    await rec.close();
    const answer = await fetch(`${http}/api/v1/recordings`, { headers: admin });
    assert.equal(answer.status, 502);
    assert.equal(((await answer.json()) as { code: string }).code, "role-unreachable");
  });

  test("the page: strict CSP, no inline script or style, its files are there", async (t) => {
    const { http } = await consoleFor(t, [(await role(t, "recorder", recorder)).url]);
    const page = await fetch(`${http}/`, { headers: admin });
    assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self'/);
    const html = await page.text();
    assert.doesNotMatch(html, /<script(?![^>]*src=)|style="|onclick=/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      if (path?.startsWith("/api") === true) continue;
      assert.equal((await fetch(http + (path ?? ""), { headers: admin })).status, 200, path);
    }
  });

  test("another site's page cannot change anything", async (t) => {
    const { http } = await consoleFor(t, [(await role(t, "recorder", recorder)).url]);
    const post = (site: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { ...admin, "content-type": "application/json", "sec-fetch-site": site };
        const sent = request(
          `${http}/api/v1/recordings/a/notes`,
          { method: "POST", headers, agent: false },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        );
        sent.on("error", reject);
        sent.end("{}");
      });
    assert.equal(await post("cross-site"), 403);
    assert.equal(await post("same-origin"), 200);
  });
});

test("which role serves which path", () => {
  assert.deepEqual(rolesFor("/api/v1/recordings/x/audio?y"), ["recorder"]);
  assert.deepEqual(rolesFor("/api/v1/calls?x=1"), ["sip-server"]);
  assert.deepEqual(rolesFor("/api/v1/resources"), ["resource-manager"]);
  assert.deepEqual(rolesFor("/api/v1/openapi.json"), ["sip-server", "resource-manager", "media-server", "recorder"]);
});
