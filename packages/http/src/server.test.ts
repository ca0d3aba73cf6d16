import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import { SidetoneError, silentLogger } from "@sidetone/foundation";
import { type HttpOptions, type HttpServer, startHttp } from "./server.ts";

async function started(t: TestContext, o: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    role: "recorder",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    ...o,
  });
  t.after(() => server.close());
  return server;
}

describe("startHttp", () => {
  test("operations.md, HTTP: every role serves /metrics, /livez, /readyz", async (t) => {
    const { url } = await started(t);
    const metrics = await fetch(`${url}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(await metrics.text(), /process_resident_memory_bytes \d/);
    assert.deepEqual(await (await fetch(`${url}/livez`)).json(), { role: "recorder", ok: true });
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), { role: "recorder", ok: true, reasons: [] });
  });

  test("/readyz: 503 with the reasons while the role is not ready", async (t) => {
    const { url } = await started(t, { ready: () => ({ ok: false, reasons: ["no recorder is up"] }) });
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.deepEqual(await ready.json(), { role: "recorder", ok: false, reasons: ["no recorder is up"] });
  });

  test("an id in a path may be as long as a recording's name", async (t) => {
    const register: HttpOptions["register"] = (app) => {
      app.get<{ Params: { id: string } }>("/x/:id", async (request) => ({ length: request.params.id.length }));
    };
    const { url } = await started(t, { register });
    assert.deepEqual(await (await fetch(`${url}/x/${"a".repeat(1000)}`)).json(), { length: 1000 });
    assert.equal((await fetch(`${url}/x/${"a".repeat(1001)}`)).status, 414);
  });

  test("RFC 9457: errors are problem documents, and an unforeseen one tells nothing of the inside", async (t) => {
    const { url } = await started(t, {
      register: (app) => {
        app.get("/own", async () => {
          throw new SidetoneError("no-such-recording", "There is no recording x.", { http: 404, remedy: "Search." });
        });
        app.get("/unforeseen", async () => {
          throw new Error("password is hunter2");
        });
      },
    });
    const own = await fetch(`${url}/own`);
    assert.equal(own.status, 404);
    assert.equal(own.headers.get("content-type"), "application/problem+json");
    assert.deepEqual(await own.json(), {
      type: "urn:sidetone:problem:no-such-recording",
      title: "Not found",
      status: 404,
      detail: "There is no recording x.",
      code: "no-such-recording",
      remedy: "Search.",
    });
    const unforeseen = await fetch(`${url}/unforeseen`);
    assert.equal(unforeseen.status, 500);
    assert.doesNotMatch(await unforeseen.text(), /hunter2/);
    const missing = await fetch(`${url}/nothing`);
    assert.equal(missing.status, 404);
    assert.equal(missing.headers.get("content-type"), "application/problem+json");
  });

  test("RFC 9457: what never reaches a handler is a problem document too: bad escapes, long requests, no HTTP", async (t) => {
    const { url } = await started(t, {
      register: (app) => void app.get("/things/:id", async () => ({})),
    });
    const refused = async (path: string): Promise<unknown[]> => {
      const answer = await fetch(`${url}${path}`);
      const { status, code } = (await answer.json()) as { status: number; code: string };
      return [answer.status, answer.headers.get("content-type"), status, code];
    };
    const type = "application/problem+json";
    assert.deepEqual(await refused("/things/%zz"), [400, type, 400, "bad-request"]);
    assert.deepEqual(await refused(`/things/${"x".repeat(2000)}`), [414, type, 414, "bad-request"]);
    assert.deepEqual(await refused(`/things/a?q=${"x".repeat(20_000)}`), [431, type, 431, "request-too-long"]);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.end("hello\r\n\r\n");
    assert.match(await text(socket), /^HTTP\/1\.1 400 [^]*problem\+json\r\n\r\n\{.*"code":"bad-request"/);
  });

  test("a token guards everything but health and metrics", async (t) => {
    const { url } = await started(t, {
      token: "s3cret",
      register: (app) => {
        app.get("/api/v1/things", async () => ["thing"]);
      },
    });
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const without = await fetch(`${url}/api/v1/things`);
    assert.equal(without.status, 401);
    assert.match(without.headers.get("www-authenticate") ?? "", /^Bearer/);
    const status = async (authorization: string): Promise<number> =>
      (await fetch(`${url}/api/v1/things`, { headers: { authorization } })).status;
    assert.equal(await status("Bearer wrong"), 401);
    assert.equal(await status("Basic s3cret"), 401);
    assert.equal(await status("Bearer s3cret"), 200);
  });

  test("a server on loopback without a token refuses foreign Host names (DNS rebinding)", async (t) => {
    const { app } = await started(t);
    const status = async (host: string): Promise<number> =>
      (await app.inject({ url: "/livez", headers: { host } })).statusCode;
    assert.equal(await status("evil.example"), 421);
    assert.equal(await status("127.0.0.1:8084"), 200);
    assert.equal(await status("localhost:8084"), 200);
    assert.equal(await status("[::1]:8084"), 200);
  });

  test("operations.md, exit codes: a port in use is an error with exit 2 that names the port", async (t) => {
    const first = await started(t);
    const port = Number(new URL(first.url).port);
    await assert.rejects(started(t, { address: { host: "127.0.0.1", port } }), (error) => {
      assert(error instanceof SidetoneError);
      assert.equal(error.code, "port-in-use");
      assert.equal(error.exit, 2);
      assert.match(error.message, new RegExp(`port ${port} `));
      return true;
    });
  });

  test("close is idempotent and ends open connections", async (t) => {
    const server = await started(t);
    await (await fetch(`${server.url}/livez`)).text();
    await Promise.all([server.close(), server.close()]);
    await assert.rejects(fetch(`${server.url}/livez`));
  });
});
