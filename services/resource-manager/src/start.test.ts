import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipRequest, SipResponse } from "@sidetone/sip";
import { accepting, client, element, invite, manager, placeOf, ready } from "./rig.ts";

describe("Resource Manager over TCP", () => {
  test("R11, R12: the INVITE reaches a Media Server, the 2xx carries a token, the second leg goes to the same one", async (t) => {
    const a = await element(t, accepting);
    const b = await element(t, accepting);
    const role = await manager(t, [a.uri, b.uri]);
    await ready(role);
    const uac = await client(t);
    const first = await invite(uac, role, "msml=55c29460000054b3", ";dn=7001;record", [["X-Genesys-CallUUID", "U"]]);
    assert.equal(first.status, 200);
    assert(first.headers.has("x-resource-token"));
    assert.equal(first.headers.all("via").length, 1);
    for (let i = 0; i < 3; i++)
      assert.equal((await invite(uac, role, "msml=55c29460000054b3", ";dn=7002;record")).status, 200);
    assert.deepEqual(
      [a.invites.length, b.invites.length].toSorted((x, y) => x - y),
      [0, 4],
    );
    const got = [...a.invites, ...b.invites][0];
    assert.match(got?.uri ?? "", /^sip:msml=55c29460000054b3@127\.0\.0\.1:\d+;dn=7001;record$/);
    assert.equal(got?.headers.get("max-forwards"), "69");
    assert.equal(got?.headers.get("x-genesys-calluuid"), "U");
    assert.equal(got?.body.toString(), "v=0\r\no=- 1\r\n");
    assert(got?.headers.has("record-route") === false);
  });

  test("R32: another Resource Manager finds the Media Server by the token", async (t) => {
    const a = await element(t, accepting);
    const b = await element(t, accepting);
    const one = await manager(t, [a.uri, b.uri]);
    const two = await manager(t, [a.uri, b.uri]);
    await Promise.all([ready(one), ready(two)]);
    const uac = await client(t);
    for (let i = 0; i < 4; i++) {
      const first = await invite(uac, one, `msml=c${i}`, ";dn=1;record");
      const token = first.headers.get("x-resource-token") ?? "";
      const before = [a.invites.length, b.invites.length];
      await invite(uac, two, `msml=c${i}`, ";dn=2;record", [["X-Resource-Token", token]]);
      const placed = a.invites.length > (before[0] ?? 0) ? a : b;
      assert.equal(placed.invites.filter((r) => r.uri.includes(`msml=c${i}@`)).length, 2);
      assert.equal(placed.invites.at(-1)?.headers.has("x-resource-token"), false);
    }
  });

  test("contract, affinity: after a leg with the token nothing of the call stays here", async (t) => {
    const a = await element(t, accepting);
    const role = await manager(t, [a.uri]);
    await ready(role);
    const uac = await client(t);
    const bindings = async (): Promise<string | undefined> => {
      const text = await (await fetch(`${role.http}/metrics`)).text();
      return /^sidetone_resource_bindings (\d+)$/m.exec(text)?.[1];
    };
    const first = await invite(uac, role, "msml=c1", ";dn=1;record");
    assert.equal(await bindings(), "1");
    await invite(uac, role, "msml=c1", ";dn=2", [["X-Resource-Token", first.headers.get("x-resource-token") ?? ""]]);
    assert.equal(await bindings(), "0");
    assert.equal(a.invites.length, 2);
  });

  test("R31: a recorder that answers 486 or 503 is followed by the next, in the same transaction", async (t) => {
    const full = await element(t, (tx) => tx.respond(486));
    const broken = await element(t, (tx) => tx.respond(503));
    const good = await element(t, accepting);
    const role = await manager(t, [], [full.uri, broken.uri, good.uri]);
    await ready(role);
    const answer = await invite(await client(t), role, "record=id1", ";dn=7001;copy=1;epoch=1");
    assert.equal(answer.status, 200);
    assert.deepEqual([full.invites.length, broken.invites.length, good.invites.length], [1, 1, 1]);
  });

  test("a resource that says 100 and no more is left for the next one", async (t) => {
    const silent = await element(t, () => undefined);
    const good = await element(t, accepting);
    const role = await manager(t, [silent.uri, good.uri]);
    await ready(role);
    const uac = await client(t);
    const from = performance.now();
    // The stand-in's own 100 after 200 ms would buy it time: what is measured is the whole detour.
    const answers = await Promise.all([invite(uac, role, "msml=s1", ";dn=1"), invite(uac, role, "msml=s2", ";dn=1")]);
    assert.deepEqual(
      answers.map((r) => r.status),
      [200, 200],
    );
    assert(performance.now() - from < 3000);
  });

  test("no resource in service: 503 with Retry-After; a Request-URI of no service: 404", async (t) => {
    const gone = await element(t, accepting);
    await gone.endpoint.close();
    const role = await manager(t, [gone.uri]);
    const uac = await client(t);
    const none = await invite(uac, role, "msml=c1", ";dn=1;record");
    assert.deepEqual([none.status, none.headers.get("retry-after")], [503, "1"]);
    assert.equal((await invite(uac, role, "7001", "")).status, 404);
    const readyz = await fetch(`${role.http}/readyz`);
    assert.equal(readyz.status, 503);
    assert.deepEqual(((await readyz.json()) as { reasons: string[] }).reasons, ["no resource of the group ms is up"]);
  });

  test("RFC 3261 16.10: CANCEL goes to the resource; 487 comes back", async (t) => {
    let cancelled = 0;
    const ringing = await element(t, (tx) => {
      tx.respond(180, { toTag: "r" });
      tx.onCancel = () => {
        cancelled += 1;
        tx.respond(487, { toTag: "r" });
      };
    });
    const role = await manager(t, [ringing.uri]);
    await ready(role);
    const uac = await client(t);
    const { port } = placeOf(role);
    const request = uac.newRequest("INVITE", {
      uri: `sip:msml=x@127.0.0.1:${port};dn=1`,
      to: "<sip:x@x>",
      from: "<sip:y@x>",
    });
    const final = await new Promise<SipResponse>((resolve) => {
      const tx = uac.request(
        request,
        { transport: "tcp", host: "127.0.0.1", port },
        { onProvisional: (r) => (r.status === 180 ? tx.cancel() : undefined), onFinal: resolve },
      );
    });
    assert.equal(final.status, 487);
    assert.equal(cancelled, 1);
  });

  test("R10: a destination in the Request-URI is called if it is an allowed peer, else 403", async (t) => {
    const own = await element(t, accepting);
    const group = await element(t, accepting);
    const role = await manager(t, [], [group.uri]);
    await ready(role);
    const uac = await client(t);
    const host = own.uri.slice(4).split(";")[0] ?? "";
    assert.equal((await invite(uac, role, "record=id9", ";copy=2", [], host)).status, 200);
    assert.deepEqual([own.invites.length, group.invites.length], [1, 0]);
    assert.equal((await invite(uac, role, "record=id9", ";copy=2", [], "203.0.113.9:5070")).status, 403);
    const sibling: [string, string] = ["X-Resource-Sibling", `sip:${host}`];
    assert.equal((await invite(uac, role, "record=id9", ";copy=2", [sibling], host)).status, 403);
    assert.equal((await invite(uac, role, "record=id8", ";copy=1", [sibling])).status, 200);
    assert.equal(group.invites.at(-1)?.headers.get("X-Resource-Sibling"), undefined);
    assert.deepEqual([own.invites.length, group.invites.length], [1, 1]);
  });

  test("RFC 3261 16.3: 483 when Max-Forwards is used up, 482 on a loop, 420 for Proxy-Require", async (t) => {
    const a = await element(t, accepting);
    const role = await manager(t, [a.uri]);
    await ready(role);
    const uac = await client(t);
    const { port } = placeOf(role);
    const send = (headers: [string, string][]): Promise<SipResponse> => {
      const request = uac.newRequest("INVITE", {
        uri: `sip:msml=x@127.0.0.1:${port};dn=1`,
        to: "<sip:x@x>",
        from: "<sip:y@x>",
      });
      for (const [name, value] of headers) request.headers.set(name, value);
      return new Promise((resolve) => {
        uac.request(request, { transport: "tcp", host: "127.0.0.1", port }, { onFinal: resolve });
      });
    };
    assert.equal((await send([["Max-Forwards", "0"]])).status, 483);
    assert.equal((await send([["Via", `SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKold`]])).status, 482);
    const refused = await send([["Proxy-Require", "foo"]]);
    assert.deepEqual([refused.status, refused.headers.get("unsupported")], [420, "foo"]);
    assert.equal((await send([["Require", "siprec"]])).status, 200); // a proxy does not judge Require
  });

  test("record-route: true keeps the proxy in the dialog: ACK and BYE come through it", async (t) => {
    const acks: SipRequest[] = [];
    const byes: SipRequest[] = [];
    const a = await element(t, accepting);
    a.endpoint.onAck = (ack) => acks.push(ack);
    a.endpoint.onDialogRequest = (tx) => {
      byes.push(tx.request);
      tx.respond(200);
      return true;
    };
    const role = await manager(t, [a.uri], [], { recordRoute: true });
    await ready(role);
    const uac = await client(t);
    const { port } = placeOf(role);
    const answer = await invite(uac, role, "msml=rr", ";dn=1");
    const route = answer.headers.get("record-route");
    assert.match(route ?? "", new RegExp(`^<sip:127.0.0.1:${port};transport=tcp;lr>$`));
    const inDialog = (method: string, cseq: number): SipRequest => {
      const request = uac.newRequest(method, {
        uri: a.uri,
        to: "<sip:x@x.test>;tag=there",
        from: answer.headers.get("from") ?? "",
        callId: answer.callId ?? "",
        cseq,
      });
      request.headers.append("Route", route ?? "");
      return request;
    };
    uac.sendAck(inDialog("ACK", 1), { transport: "tcp", host: "127.0.0.1", port });
    const bye = await new Promise<SipResponse>((resolve) => {
      uac.request(inDialog("BYE", 2), { transport: "tcp", host: "127.0.0.1", port }, { onFinal: resolve });
    });
    assert.equal(bye.status, 200);
    assert.equal(acks.length, 1);
    assert.equal(byes[0]?.headers.has("route"), false);
  });

  test("the state of every resource is on /api/v1/resources, and can be withdrawn", async (t) => {
    const a = await element(t, accepting);
    const b = await element(t, accepting);
    const role = await manager(t, [a.uri, b.uri]);
    await ready(role);
    const withdrawn = await fetch(`${role.http}/api/v1/resources/withdraw`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ address: a.uri }),
    });
    assert.equal(withdrawn.status, 200);
    const uac = await client(t);
    for (let i = 0; i < 3; i++) await invite(uac, role, `msml=d${i}`, ";dn=1");
    assert.deepEqual([a.invites.length, b.invites.length], [0, 3]);
    const { resources } = (await (await fetch(`${role.http}/api/v1/resources`)).json()) as {
      resources: { address: string; state: string }[];
    };
    assert.deepEqual(resources.map((r) => [r.address, r.state])[0], [a.uri, "withdrawn"]);
    assert.match(
      await (await fetch(`${role.http}/metrics`)).text(),
      /sidetone_resource_invites_total\{service="msml",outcome="accepted",status="200"\} 3/,
    );
  });
});
