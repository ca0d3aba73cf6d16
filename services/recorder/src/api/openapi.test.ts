import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { delay, systemClock } from "@sidetone/foundation";
import { MAX_QUERY_VALUE } from "../limits.ts";
import { RtpSource, Src, callMetadata, runRecorder, untilState } from "../testing-src.ts";
import { described, paths } from "./described.fixture.ts";
import { openApi } from "./openapi.ts";
import { readSearch } from "./search-query.ts";

test("the document is OpenAPI 3.1", async () => {
  const checked = await new Validator().validate(structuredClone(openApi));
  assert.deepEqual([checked.valid, checked.errors], [true, undefined]);
});

test("every parameter of the search is in the document, and every one of the document is known to the search", () => {
  const search = paths["/api/v1/recordings"]?.["get"] as unknown as { parameters: { name: string; in: string }[] };
  const documented = search.parameters.filter((one) => one.in === "query").map(({ name }) => name);
  for (const name of documented) {
    const read = readSearch({ [name]: "~" });
    assert.ok(read.ok || !read.error.detail.startsWith("There is no parameter"), name);
  }
  const refused = readSearch({ unknown: "1" });
  const told = refused.ok ? "" : refused.error.remedy;
  for (const name of told
    .slice("Known are ".length)
    .split(", ")
    .filter((one) => /^[a-z-]+$/.test(one)))
    assert.ok(documented.includes(name), name);
});

test("operations.md, HTTP: searches, one recording and its audio are as the document says; bad input gets 400 with place, reason, remedy", {
  timeout: 60_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  const get = async (path: string, init: RequestInit = {}): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${r.url}${path}`, init);
    const body = await described(response, init.method);
    return [response.status, (body ?? {}) as Record<string, unknown>];
  };
  const ids = async (query: string): Promise<unknown[]> => {
    const [status, { recordings }] = await get(`/api/v1/recordings?${query}`);
    assert.equal(status, 200);
    return (recordings as { id: string }[]).map((one) => one.id);
  };
  try {
    for (const id of ["first", "second"]) {
      const metadata = callMetadata({
        id,
        startMicros: systemClock.wallMicros(),
        events: [{ name: "hold", time: systemClock.wallMicros() }],
        userParams: [["Result", `sold ${id}`]],
      });
      const { session, ports } = await src.invite(
        r.sip,
        `record=${id}@`,
        src.body({ ports: [left.port, left.port + 2], metadata }),
      );
      for (let n = 0; n < 20; n++) left.send(ports[0] ?? 0, left.packet(n, 0, n));
      await delay(systemClock, 250);
      if (id === "first") await get("/api/v1/recordings/first");
      await session.bye();
      await untilState(r.url, id, "complete");
    }
    assert.deepEqual(await ids(""), ["second", "first"]);
    const [, storage] = await get("/api/v1/storage");
    assert.equal(storage["takesSessions"], true);
    assert.equal((await get("/api/v1/reconciliation?dn=7001&verdict=missing"))[0], 200);
    assert.equal((await get("/api/v1/reconciliation?verdict=lost"))[0], 400);
    assert.deepEqual(await ids("param.RESULT=SOLD%20first&dn=7001&agent=1001&ani=%2B15550100&state=complete"), [
      "first",
    ]);
    const [, { durationMs }] = await get("/api/v1/recordings/second");
    assert.deepEqual(await ids("q=OLD%20SEC"), ["second"]);
    const ms = Number(durationMs);
    assert.deepEqual(await ids(`q=OLD%20SEC&min-duration-ms=${ms}&max-duration-ms=${ms}`), ["second"]);
    assert.deepEqual(await ids("min-duration-ms=3600000"), []);
    assert.deepEqual(await ids("from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00%2B01:00"), []);
    const [, page] = await get("/api/v1/recordings?limit=1");
    assert.deepEqual(await ids(`limit=1&cursor=${String(page["next"])}`), ["first"]);
    const [, positions] = await get("/api/v1/recordings/positions?every=1");
    const blocks = positions["blocks"] as { cursor?: string; size: number }[];
    assert.deepEqual([positions["counted"], blocks.length, positions["next"]], [2, 2, undefined]);
    assert.deepEqual(await ids(`limit=1&cursor=${blocks[1]?.cursor}`), ["first"]);
    assert.deepEqual((await get("/api/v1/recordings/positions?param.result=sold%20first"))[1], {
      counted: 1,
      blocks: [{ size: 1 }],
    });
    const proposals = await get("/api/v1/recordings/suggestions?field=param.Result&prefix=SOLD");
    assert.deepEqual(proposals[1], { values: ["sold first", "sold second"] });
    for (const [path, place] of [
      ["positions?every=0", /parameter every/],
      ["positions?limit=5", /no parameter "limit"/],
      ["suggestions?field=q", /parameter field/],
      ["suggestions?field=dn&prefix=1&prefix=2", /parameter prefix/],
    ] as const) {
      const [status, body] = await get(`/api/v1/recordings/${path}`);
      assert.equal(status, 400, path);
      assert.match(String(body["detail"]), place);
    }
    // Who is limited to some DNs sees what they are a party of, and of the rest nothing, wherever they ask.
    for (const [dns, seen] of [
      ["70*, 8001", 200],
      ["*", 200],
      ["7002,8*", 404],
      ["", 404],
    ] as const) {
      const headers = { "x-sidetone-dns": dns };
      const number = seen === 200 ? 2 : 0;
      const [, found] = await get("/api/v1/recordings", { headers });
      assert.equal((found["recordings"] as unknown[]).length, number, dns);
      assert.equal((await get("/api/v1/recordings/positions", { headers }))[1]["counted"], number, dns);
      const suggested = await get("/api/v1/recordings/suggestions?field=dn&prefix=7001", { headers });
      assert.deepEqual(suggested[1]["values"], seen === 200 ? ["7001"] : [], dns);
      assert.equal((await get("/api/v1/recordings/first", { headers }))[0], seen, dns);
      assert.equal((await get("/api/v1/recordings/first/audio", { headers }))[0], seen, dns);
    }
    assert.deepEqual(
      (await get("/api/v1/recordings/suggestions?field=agent", { headers: { "x-sidetone-dns": "70*" } }))[1],
      { values: [] },
    );
    const { integrity, ...facts } = (await get("/api/v1/recordings/first"))[1];
    assert.deepEqual(integrity, { verdict: "intact", problems: [] });
    assert.deepEqual(await get("/api/v1/recordings/first?integrity=false"), [200, facts]);
    assert.deepEqual(await get("/api/v1/recordings/first/integrity"), [200, integrity]);
    assert.equal((await get("/api/v1/recordings/none"))[0], 404);
    assert.equal((await get("/api/v1/recordings/none/integrity"))[0], 404);
    assert.equal((await get("/api/v1/recordings/none/audio"))[0], 404);
    assert.equal((await get("/api/v1/recordings/first/audio"))[0], 200);
    assert.equal((await get("/api/v1/recordings/first/audio", { method: "HEAD" }))[0], 200);
    assert.equal((await get("/api/v1/recordings/first/audio", { headers: { range: "bytes=0-9" } }))[0], 206);
    assert.equal((await get("/api/v1/recordings/first/peaks"))[0], 200);
    assert.equal((await get("/api/v1/recordings/first/peaks?points=0"))[0], 400);
    assert.equal((await get("/api/v1/recordings/none/peaks"))[0], 404);
    assert.equal((await get("/api/v1/recordings/first/audio", { headers: { range: "bytes=99999999-" } }))[0], 416);
    assert.deepEqual(await get("/api/v1/openapi.json"), [200, JSON.parse(JSON.stringify(openApi))]);

    for (const [query, place, remedy] of [
      ["agnt=1", /no parameter "agnt"/, /Did you mean agent\?/],
      ["param.=1", /no parameter "param\."/, /param\.NAME/],
      ["from=yesterday", /parameter from is not a time/, /2026-11-20T09:15:00Z/],
      ["to=2026", /parameter to is not a time/, /2026-11-20T09:15:00Z/],
      ["from=2026-11-20T10:15:00+01:00", /parameter from is not a time/, /%2B/],
      ["from=2026-13-40T00:00:00Z", /parameter from is not a time/, /2026-11-20T09:15:00Z/],
      ["from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", /from is not before to/, /./],
      ["min-duration-ms=1m", /min-duration-ms is not a number/, /60000/],
      ["min-duration-ms=5&max-duration-ms=4", /more than max-duration-ms/, /./],
      ["state=done", /parameter state is none of/, /./],
      ["limit=0", /parameter limit is not a number from 1 to/, /cursor/],
      ["limit=1e3", /parameter limit is not a number/, /cursor/],
      ["cursor=garbage", /parameter cursor is not one/, /next/],
      [`cursor=${Buffer.from("[1e99,5]").toString("base64url")}`, /parameter cursor is not one/, /next/],
      ["dn=1&dn=2", /parameter dn is given more than once/, /once/],
      [`q=${"x".repeat(MAX_QUERY_VALUE + 1)}`, /parameter q is longer than 256/, /./],
      [Array.from({ length: 11 }, (_, n) => `param.p${n}=1`).join("&"), /more than 10 exact values/, /./],
    ] as const) {
      const [status, body] = await get(`/api/v1/recordings?${query}`);
      assert.deepEqual([status, body["code"]], [400, "bad-parameter"], query);
      assert.match(String(body["detail"]), place, query);
      assert.match(String(body["remedy"]), remedy, query);
    }
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
