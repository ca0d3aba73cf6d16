import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastifyInstance } from "@sidetone/http";
import { admin, consoleFor, role } from "./console.fixture.ts";
import type { RecordingAnswer } from "./recording-parts.ts";

/** A recorder with these recordings; as the real one: newest first, `limit`, `cursor`, `id`. */
function recorder(rows: readonly RecordingAnswer[]): (app: FastifyInstance) => void {
  const sorted = rows.toSorted((a, b) => (a.startTime < b.startTime ? 1 : -1));
  return (app) => {
    app.get("/api/v1/recordings", async (request) => {
      const { limit = "50", cursor, id } = request.query as Record<string, string>;
      const [before] =
        cursor === undefined ? [] : (JSON.parse(Buffer.from(cursor, "base64url").toString()) as number[]);
      const found = sorted.filter(
        (row) =>
          (id === undefined || row.id === id) && (before === undefined || Date.parse(row.startTime) * 1000 < before),
      );
      const page = found.slice(0, Number(limit));
      return { recordings: page, ...(found.length > page.length ? { next: "more" } : {}) };
    });
    app.get("/api/v1/recordings/:id", async (request, reply) => {
      const row = rows.find(({ id }) => id === (request.params as { id: string }).id);
      return row ?? reply.code(404).send({ code: "no-such-recording" });
    });
    app.get("/api/v1/recordings/:id/peaks", async (request, reply) => {
      const row = rows.find(({ id }) => id === (request.params as { id: string }).id);
      return row === undefined ? reply.code(404).send() : { of: row.startTime, asked: request.query };
    });
    app.get("/api/v1/recordings/:id/audio", async (request, reply) => {
      const row = rows.find(({ id }) => id === (request.params as { id: string }).id);
      return row === undefined ? reply.code(404).send() : reply.type("audio/wav").send(Buffer.from(row.startTime));
    });
  };
}

const at = (second: number): string => new Date(1_795_000_000_000 + second * 1000).toISOString();
const row = (id: string, second: number, durationMs: number, state = "complete"): RecordingAnswer => ({
  id,
  startTime: at(second),
  endTime: at(second + durationMs / 1000),
  durationMs,
  state,
});

test("several recorders: one list, newest first, page by page, nothing twice or left out", async (t) => {
  const ids = Array.from({ length: 9 }, (_, n) => row(`r${n}`, n * 10, 1000));
  const one = await role(t, "recorder", recorder(ids.filter((_, n) => n % 3 === 0)));
  const two = await role(t, "recorder", recorder(ids.filter((_, n) => n % 3 !== 0)));
  const { http } = await consoleFor(t, [one.url, two.url]);
  const seen: string[] = [];
  let next: string | undefined = "";
  for (let pages = 0; next !== undefined && pages < 9; pages += 1) {
    const cursor = next === "" ? "" : `&cursor=${next}`;
    const response = await fetch(`${http}/api/v1/recordings?limit=2${cursor}`, { headers: admin });
    const page = (await response.json()) as { recordings: RecordingAnswer[]; next?: string };
    seen.push(...page.recordings.map(({ id }) => id));
    ({ next } = page);
  }
  assert.deepEqual(seen, ids.map(({ id }) => id).toReversed());
});

test("R31: a recording that went on at another recorder is one entry with its parts, each part's audio by itself", async (t) => {
  const one = await role(t, "recorder", recorder([row("moved", 0, 5000, "partial"), row("other", 50, 1000)]));
  const two = await role(t, "recorder", recorder([row("moved", 3, 7000, "partial")]));
  const { http } = await consoleFor(t, [two.url, one.url]);
  const get = (path: string): Promise<Response> => fetch(`${http}/api/v1/recordings${path}`, { headers: admin });
  const { recordings } = (await (await get("")).json()) as { recordings: RecordingAnswer[] };
  assert.deepEqual(
    recordings.map(({ id }) => id),
    ["other", "moved"],
  );
  const moved = recordings[1] as RecordingAnswer & { parts: { audio: string; recorder: string }[] };
  assert.deepEqual([moved.startTime, moved.durationMs, moved["gapMs"], moved.state], [at(0), 10_000, 0, "partial"]);
  assert.deepEqual(
    moved.parts.map((part) => part.recorder),
    [one.url, two.url],
  );
  assert.deepEqual(await (await get("/moved")).json(), moved);
  const audio = await Promise.all(moved.parts.map((part) => fetch(http + part.audio, { headers: admin })));
  assert.deepEqual(await Promise.all(audio.map((answer) => answer.text())), [at(0), at(3)]);
  assert.equal(await (await get("/moved/audio")).text(), at(0));
  assert.equal(await (await get("/other/audio")).text(), at(50));
  assert.deepEqual(await (await get("/moved/peaks?part=2&points=9")).json(), { of: at(3), asked: { points: "9" } });
  assert.deepEqual(await (await get("/moved/peaks")).json(), { of: at(0), asked: {} });
  assert.equal((await get("/nothing")).status, 404);
});

test("R31: what no part has is told in milliseconds; a recorder that does not answer is named", async (t) => {
  const one = await role(t, "recorder", recorder([row("moved", 0, 5000, "partial")]));
  const two = await role(t, "recorder", recorder([row("moved", 7, 3000, "recording")]));
  const { http } = await consoleFor(t, [one.url, two.url]);
  const get = async (): Promise<{ recordings: RecordingAnswer[]; unreachable?: string[] }> =>
    (await (await fetch(`${http}/api/v1/recordings`, { headers: admin })).json()) as Awaited<ReturnType<typeof get>>;
  const { recordings, unreachable } = await get();
  assert.deepEqual([recordings.length, recordings[0]?.["gapMs"], recordings[0]?.state], [1, 2000, "recording"]);
  assert.equal(unreachable, undefined);
  await two.close();
  assert.deepEqual((await get()).unreachable, [two.url]);
});

test("several recorders: numbers of hits add up part by part, proposals are merged", async (t) => {
  const counting = (parts: readonly number[], values: readonly string[]) => (app: FastifyInstance) => {
    app.get("/api/v1/recordings/positions", async (request) => {
      const { cursor } = request.query as Record<string, string>;
      const part = cursor === undefined ? 0 : Number(cursor);
      const next = part + 1 < parts.length ? { next: String(part + 1) } : {};
      return { counted: parts[part], blocks: [{ size: parts[part] }], ...next };
    });
    app.get("/api/v1/recordings/suggestions", async () => ({ values }));
  };
  const one = await role(t, "recorder", counting([5, 7, 1], ["7001", "7003"]));
  const two = await role(t, "recorder", counting([2], ["7002", "7003"]));
  const { http } = await consoleFor(t, [one.url, two.url]);
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(`${http}/api/v1/recordings/${path}`, { headers: admin })).json()) as Record<string, unknown>;
  const counted: unknown[] = [];
  for (let next: unknown = ""; next !== undefined && counted.length < 9; ) {
    const part = await get(`positions?state=complete${next === "" ? "" : `&cursor=${next as string}`}`);
    assert.deepEqual([part["blocks"], part["approximate"]], [[], true]);
    counted.push(part["counted"]);
    next = part["next"];
  }
  assert.deepEqual(counted, [7, 7, 1]);
  assert.deepEqual(await get("suggestions?field=dn&prefix=70"), { values: ["7001", "7002", "7003"] });
});
