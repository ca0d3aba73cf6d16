import assert from "node:assert/strict";
import { test } from "node:test";
import { afterChange, type LiveState, readLiveChange, silentLogger, systemClock } from "@sidetone/foundation";
import { StatePush } from "@sidetone/http";
import { admin, basic, consoleFor, role, users } from "../console.fixture.ts";
import { ServerEventReader } from "./server-events.ts";

const call = (connId: string, dn: string) => ({
  connId,
  callUuid: `U-${connId}`,
  parties: [{ dn, kind: "internal" }],
  recording: { id: null },
});

test("events are read whole, however they are cut; what is no event is passed over", () => {
  const reader = new ServerEventReader();
  const text = ': here\n\nid: 1\nevent: snapshot\ndata: {"a":1}\n\ndata: x\n\n';
  const found = Array.from(text, (letter) => reader.take(letter)).flat();
  assert.deepEqual(found, [
    { event: "snapshot", data: '{"a":1}' },
    { event: "message", data: "x" },
  ]);
});

test("calls of SIP Server reach each visitor as they may see them; it is asked only while somebody watches", {
  timeout: 30_000,
}, async (t) => {
  let state: LiveState = {
    calls: new Map([
      ["c1", call("c1", "7001")],
      ["c2", call("c2", "9001")],
    ]),
  };
  const watched: boolean[] = [];
  const push = new StatePush<void>({ clock: systemClock, stateFor: () => state, onWatched: (on) => watched.push(on) });
  t.after(() => push.close());
  const sip = await role(t, "sip-server", (app) => {
    app.get("/api/v1/calls/events", (_request, reply) => push.serve(reply, undefined));
  });
  const sue = {
    name: "sue",
    password: "pw",
    role: "supervisor" as const,
    grants: [{ dns: "70*", rights: ["monitor" as const] }],
  };
  const al = { name: "al", password: "pw", role: "agent" as const };
  const running = await consoleFor(t, [sip.url], { users: [...users, sue, al], log: silentLogger });
  const seen = async (headers: { authorization: string }, wanted: (now: LiveState) => boolean): Promise<LiveState> => {
    const gone = new AbortController();
    const answer = await fetch(`${running.http}/api/v1/live`, { headers, signal: gone.signal });
    assert.equal(answer.status, 200);
    const reader = new ServerEventReader();
    const body = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let now: LiveState = {};
    for (let part = await body?.read(); part?.value !== undefined; part = await body?.read()) {
      for (const { event, data } of reader.take(part.value)) {
        const change = readLiveChange(data);
        assert(change !== undefined);
        now = afterChange(event === "snapshot" ? {} : now, change);
      }
      if (wanted(now)) break;
    }
    gone.abort();
    return now;
  };
  assert.deepEqual(watched, []);
  const all = await seen(admin, (now) => now["calls"]?.size === 2);
  assert.deepEqual(Array.from(all["calls"]?.keys() ?? []), ["c1", "c2"]);
  assert.deepEqual(watched, [true]);
  state = { calls: new Map([...(state["calls"] ?? []), ["c3", call("c3", "7003")]]) };
  const own = await seen(basic("sue", "pw"), (now) => now["calls"]?.has("c3") === true);
  assert.deepEqual(Array.from(own["calls"]?.keys() ?? []).toSorted(), ["c1", "c3"]);
  const refused = await fetch(`${running.http}/api/v1/live`, { headers: basic("al", "pw") });
  assert.equal(refused.status, 403);
});

test("a recording command needs the permission, and a call that the visitor may see", async (t) => {
  const sip = await role(t, "sip-server", (app) => {
    app.get("/api/v1/calls", async (request) => ({
      calls: request.headers["x-sidetone-dns"] === undefined ? [call("c1", "9001")] : [],
    }));
  });
  const ann = { name: "ann", password: "pw", role: "auditor" as const };
  const eve = {
    name: "eve",
    password: "pw",
    role: "supervisor" as const,
    grants: [{ dns: "70*", rights: ["record" as const] }],
  };
  const boss = {
    name: "boss",
    password: "pw",
    role: "administrator" as const,
    grants: [{ dns: "*", rights: ["record" as const] }],
  };
  const tokenSecret = "0123456789abcdef0123456789abcdef";
  const running = await consoleFor(t, [sip.url], { users: [...users, ann, eve, boss], tokenSecret });
  const ask = async (name: string, body: object): Promise<number> => {
    const headers = { ...basic(name, "pw"), "content-type": "application/json" };
    const url = `${running.http}/api/v1/calls/c1/recording`;
    return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  assert.equal(await ask("ann", { command: "pause" }), 403);
  assert.equal(await ask("eve", { command: "pause" }), 404, "it is a call of others");
  assert.equal(await ask("boss", { command: "erase" }), 400);
  assert.equal(await ask("boss", { command: "pause" }), 502, "this SIP Server has no T-Library");
  const answer = await fetch(`${running.http}/api/v1/audit?action=control-recording`, { headers: admin });
  const { entries } = (await answer.json()) as { entries: Record<string, unknown>[] };
  assert.deepEqual(
    entries.toReversed().map(({ user, outcome, object }) => [user, outcome, object]),
    [
      ["ann", "refused", "c1"],
      ["eve", "refused", "c1"],
      ["boss", "failed", "c1"],
    ],
  );
});
