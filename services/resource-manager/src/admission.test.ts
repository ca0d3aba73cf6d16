import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfigInThread } from "@sidetone/config";
import type { RunningRole } from "@sidetone/foundation";
import { accepting, client, context, element, invite, manager, placeOf, ready } from "./rig.ts";
import { Pool } from "./groups/pool.ts";
import { makeToken } from "./groups/token.ts";
import { ResourceNews } from "./news.ts";
import { WithdrawalReload } from "./reload.ts";

async function post(role: RunningRole, verb: string, address: string, headers = {}): Promise<Response> {
  return fetch(`${role.http}/api/v1/resources/${verb}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ address }),
  });
}

describe("who gets in, and where to", () => {
  test("contract, withdrawal: nothing new goes to a withdrawn resource, a further leg of its conf-id does, with the token and without", async (t) => {
    const a = await element(t, accepting);
    const b = await element(t, accepting);
    const role = await manager(t, [a.uri, b.uri]);
    await ready(role);
    const uac = await client(t);
    const tokens = new Map<string, string>();
    for (const id of ["c1", "c2"]) {
      const answer = await invite(uac, role, `msml=${id}`, ";dn=1");
      tokens.set(id, answer.headers.get("X-Resource-Token") ?? "");
    }
    assert.deepEqual([a.invites.length, b.invites.length], [1, 1]);
    const mine = a.invites[0]?.uri.includes("c1") === true ? "c1" : "c2";
    assert.equal((await post(role, "withdraw", a.uri)).status, 200);
    for (let i = 0; i < 3; i++) await invite(uac, role, `msml=new${i}`, ";dn=1");
    assert.equal(a.invites.length, 1);
    await invite(uac, role, `msml=${mine}`, ";dn=2");
    await invite(uac, role, `msml=${mine}`, ";dn=3", [["X-Resource-Token", tokens.get(mine) ?? ""]]);
    assert.equal(a.invites.length, 3);
    assert.equal((await post(role, "restore", a.uri)).status, 200);
    for (let i = 0; i < 2; i++) await invite(uac, role, `msml=again${i}`, ";dn=1");
    assert.equal(a.invites.length, 4);
    assert.equal((await post(role, "withdraw", "sip:127.0.0.1:1")).status, 404);
  });

  test("the interface that withdraws asks for the token where one is configured", async (t) => {
    const a = await element(t, accepting);
    const role = await manager(t, [a.uri], [], {}, { apiToken: "secret" });
    assert.equal((await post(role, "withdraw", a.uri)).status, 401);
    assert.equal((await post(role, "withdraw", a.uri, { authorization: "Bearer secret" })).status, 200);
  });

  test("R32: a token that was tampered with, or names what is not configured, is no token: the call is placed as any", async (t) => {
    const a = await element(t, accepting);
    const stranger = await element(t, accepting);
    const role = await manager(t, [a.uri]);
    await ready(role);
    const uac = await client(t);
    const good = makeToken({ group: "ms", address: a.uri });
    const bad = [
      makeToken({ group: "ms", address: stranger.uri }),
      `${good.slice(0, 8)}x${good.slice(9)}`,
      "..",
      "A".repeat(5000),
    ];
    for (const [i, token] of bad.entries()) {
      const answer = await invite(uac, role, `msml=t${i}`, ";dn=1", [["X-Resource-Token", token]]);
      assert.equal(answer.status, 200);
    }
    assert.deepEqual([a.invites.length, stranger.invites.length], [bad.length, 0]);
    // Another Resource Manager may call the group otherwise.
    const other = makeToken({ group: "media", address: a.uri });
    assert.equal((await invite(uac, role, "msml=o", ";dn=1", [["X-Resource-Token", other]])).status, 200);
  });

  test("403: a client that the group does not serve; a group that serves it is taken", async (t) => {
    const a = await element(t, accepting);
    const shut = await manager(t, [a.uri], [], { clients: ["10.0.0.0/8"] });
    const open = await manager(t, [a.uri], [], { clients: ["127.0.0.1"] });
    await Promise.all([ready(shut), ready(open)]);
    const uac = await client(t);
    const refused = await invite(uac, shut, "msml=x", ";dn=1");
    assert.deepEqual([refused.status, refused.reason], [403, "Not Allowed to Use This Group"]);
    assert.equal((await invite(uac, open, "msml=x", ";dn=1")).status, 200);
  });

  test("480 with Retry-After: the client has as many sessions as it may, or all resources are full", async (t) => {
    const a = await element(t, accepting);
    const role = await manager(t, [a.uri], [], {}, { maxSessionsPerClient: 2 });
    await ready(role);
    const uac = await client(t);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await invite(uac, role, `msml=l${i}`, ";dn=1")).status);
    assert.deepEqual(statuses, [200, 200, 480]);
    const small = { address: a.uri, portCapacity: 1, preference: 1, geoLocation: undefined, withdrawn: false };
    const full = await manager(t, [a.uri], [], { resources: [small] });
    await ready(full);
    assert.equal((await invite(uac, full, "msml=f1", ";dn=1")).status, 200);
    const busy = await invite(uac, full, "msml=f2", ";dn=1");
    assert.deepEqual([busy.status, busy.headers.get("Retry-After")], [480, "2"]);
  });

  test("X-Genesys-geo-location chooses, and stays on the request; `;resource-group` chooses a group, and does not", async (t) => {
    const a = await element(t, accepting);
    const b = await element(t, accepting);
    const at = (address: string, geoLocation: string) => ({
      address,
      portCapacity: undefined,
      preference: 1,
      geoLocation,
      withdrawn: false,
    });
    const role = await manager(t, [a.uri], [], { resources: [at(a.uri, "east"), at(b.uri, "west")] });
    await ready(role);
    const uac = await client(t);
    for (let i = 0; i < 3; i++) {
      await invite(uac, role, `msml=g${i}`, ";dn=1", [["X-Genesys-geo-location", "WEST"]]);
    }
    assert.deepEqual([a.invites.length, b.invites.length], [0, 3]);
    assert.equal(b.invites[0]?.headers.get("X-Genesys-geo-location"), "WEST");
    assert.equal((await invite(uac, role, "msml=h", ";dn=1;resource-group=ms")).status, 200);
    assert.equal((a.invites[0] ?? b.invites.at(-1))?.uri.includes("resource-group"), false);
    assert.equal((await invite(uac, role, "msml=i", ";dn=1;resource-group=nowhere")).status, 404);
  });

  test("a 2xx that comes after the client was refused is ended by us: ACK and BYE", async (t) => {
    let answerLate = (): void => undefined;
    const seen: string[] = [];
    const slow = await element(t, (tx) => {
      answerLate = () => accepting(tx);
    });
    slow.endpoint.onAck = () => seen.push("ACK");
    slow.endpoint.onDialogRequest = (tx) => {
      seen.push(tx.request.method);
      tx.respond(200);
      return true;
    };
    // The dialog's far end is the stand-in itself.
    const contact: [string, string] = ["Contact", `<${slow.uri}>`];
    const busy = await element(t, (tx) => tx.respond(486));
    const role = await manager(t, [slow.uri, busy.uri], [], {
      resources: [slow.uri, busy.uri].map((address, i) => ({
        address,
        portCapacity: undefined,
        preference: i + 1,
        geoLocation: undefined,
        withdrawn: false,
      })),
    });
    await ready(role);
    slow.endpoint.onRequest = (tx) => {
      if (tx.request.method === "OPTIONS") return tx.respond(200);
      answerLate = () => tx.respond(200, { toTag: "late", headers: [contact], body: "v=0\r\n" });
    };
    const answer = await invite(await client(t), role, "msml=late", ";dn=1");
    assert.equal(answer.status, 486);
    answerLate();
    while (seen.length < 2) await new Promise(setImmediate);
    assert.deepEqual(seen, ["ACK", "BYE"]);
  });

  test("RFC 6665: the states of the resources can be subscribed to; another package is 489", async (t) => {
    const a = await element(t, accepting);
    const role = await manager(t, [a.uri]);
    await ready(role);
    const uac = await client(t);
    const { host, port } = placeOf(role);
    const uri = `sip:${host}:${port};transport=tcp`;
    const subscription = uac.subscribe({
      uri,
      event: "sidetone-resource",
      accept: ["application/vnd.sidetone.resource+json"],
    });
    const bodies: string[] = [];
    subscription.on("notify", ({ body }) => bodies.push(body.toString()));
    while (bodies.length < 1) await new Promise(setImmediate);
    await a.endpoint.close();
    while (bodies.length < 2) await new Promise(setImmediate);
    assert.match(bodies[1] ?? "", /"full":false.*"state":"lost"/);
    const shown = (await (await fetch(`${role.http}/api/v1/resources`)).json()) as { subscribers: unknown[] };
    assert.equal(shown.subscribers.length, 1);
    await subscription.close();
    const other = uac.subscribe({ uri, event: "presence", accept: ["application/pidf+xml"] });
    const reason = await new Promise<string>((resolve) => other.on("terminated", (e) => resolve(e.reason)));
    assert.equal(reason, "answered 489");
    await other.close();
  });
});

describe("the file is read again", () => {
  test("a resource that it withdraws, or no longer does; what a command said stays where the line did not change", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sidetone-rm-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "sidetone.yaml");
    const write = (withdrawn: string): void =>
      writeFileSync(
        file,
        `resource-manager:
  listen: ["tcp://127.0.0.1:5070"]
  groups: { ms: { service: msml, resources: [{ address: "sip:127.0.0.1:5080", ${withdrawn} }, { address: "sip:127.0.0.1:5081" }] } }
`,
      );
    write("withdrawn: false");
    const loaded = await loadConfigInThread(file).result;
    assert(loaded.ok && loaded.value.resourceManager !== undefined);
    const pool = new Pool(loaded.value.resourceManager.groups, 0);
    const endpoint = await client(t);
    const news = new ResourceNews({ pool, clock: context.clock, endpoint });
    const reload = new WithdrawalReload({ ...context, file, pool, news, load: loadConfigInThread });
    const states = (): string => pool.resources.map((r) => r.condition).join(" ");
    write("withdrawn: true");
    await reload.reload();
    assert.equal(states(), "withdrawn up");
    pool.resources[1]?.withdraw(true, 0);
    write("withdrawn: yes please");
    await reload.reload();
    assert.equal(states(), "withdrawn withdrawn");
    write("withdrawn: false");
    await reload.reload();
    assert.equal(states(), "up withdrawn");
  });
});
