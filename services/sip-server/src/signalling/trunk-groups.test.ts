// Trunks and trunk groups: a call of 7002 that goes out over gateways of a memory network.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { type ServerTransaction, SipEndpoint } from "@sidetone/sip";
import { silentLogger } from "@sidetone/foundation";
import { CallRig, phoneSdp } from "./call-rig.ts";

/** What a gateway does with an INVITE. */
type Behaviour = (tx: ServerTransaction, endpoint: SipEndpoint) => void;

const refuse =
  (status: number): Behaviour =>
  (tx) =>
    tx.respond(status);
const silent: Behaviour = () => undefined;
const answer: Behaviour = (tx, endpoint) => endpoint.accept(tx).accept({ body: phoneSdp(7100) });
const ring: Behaviour = (tx, endpoint) => endpoint.accept(tx).progress(180);

const gateways = ["one", "two", "three"];

/** Gateways at 127.0.0.1:7001 and following, members of group `out` with prefix 0. */
async function stage(t: TestContext, behaviours: readonly Behaviour[], more: Partial<DnConfig>[] = []) {
  const names = gateways.slice(0, behaviours.length);
  const over = (dn: string): Partial<DnConfig> => more.find((one) => one.dn === dn) ?? {};
  const rig = await new CallRig([
    { dn: "7002" },
    ...names.map(
      (dn, i): Partial<DnConfig> => ({
        dn,
        type: "trunk",
        contact: `sip:127.0.0.1:${7001 + i}`,
        ...over(dn),
      }),
    ),
    { dn: "out", type: "trunk-group", prefix: "0", members: names, ...over("out") },
    ...more.filter(({ dn = "" }) => dn !== "out" && !names.includes(dn)),
  ]).listen();
  const asked: string[] = [];
  const endpoints: SipEndpoint[] = [];
  for (const [i, name] of names.entries()) {
    const endpoint = new SipEndpoint({
      clock: rig.clock,
      log: silentLogger,
      userAgent: name,
      network: rig.network,
      sessionTimer: false,
      refuseMerged: false,
    });
    await endpoint.listen({ transport: "udp", host: "127.0.0.1", port: 7001 + i });
    endpoint.onRequest = (tx) => {
      if (tx.request.method !== "INVITE") return tx.respond(200);
      asked.push(`${name} ${tx.request.uri.slice(4).split("@")[0]}`);
      behaviours[i]?.(tx, endpoint);
    };
    endpoints.push(endpoint);
  }
  t.after(() => Promise.all([rig.close(), ...endpoints.map((endpoint) => endpoint.close())]));
  return { rig, asked, endpoints };
}

/** The final status that the caller of a number gets within `ms`; undefined while there is none. */
async function dial(rig: CallRig, number: string, ms: number): Promise<number | undefined> {
  let status: number | undefined;
  const session = rig.call(undefined, number);
  session.on("accepted", (response) => (status = response.status));
  session.on("rejected", (response) => (status = response.status));
  await rig.pass(ms);
  return status;
}

/** Sends 100 by hand: the transaction's own comes after 200 ms anyway. */
const trying: Behaviour = (tx) => tx.respond(100);

describe("failover to the next trunk of a group", () => {
  const table: [what: string, first: Behaviour, status: number, asked: number][] = [
    ["503", refuse(503), 200, 2],
    ["408", refuse(408), 200, 2],
    ["500", refuse(500), 200, 2],
    ["504", refuse(504), 200, 2],
    ["407: our password is not taken", refuse(407), 200, 2],
    ["404: the number is unknown everywhere", refuse(404), 404, 1],
    ["486: the called party is busy", refuse(486), 486, 1],
    ["480", refuse(480), 480, 1],
    ["603", refuse(603), 603, 1],
  ];
  for (const [what, first, status, tries] of table) {
    test(`${what}: ${tries === 1 ? "the end" : "the next one"}`, async (t) => {
      const { rig, asked } = await stage(t, [first, answer]);
      assert.equal(await dial(rig, "01234", 1000), status);
      assert.deepEqual(asked, ["one 1234", "two 1234"].slice(0, tries));
    });
  }

  test("nothing at all within 4 s: the next one; an answer that comes later is ended", async (t) => {
    let late: ServerTransaction | undefined;
    const { rig, asked, endpoints } = await stage(t, [(tx) => (late = tx), answer]);
    // The gateway hears nothing of the INVITE until it is too late.
    rig.network.filter = (bytes, _from, to) =>
      to.port !== 7001 || rig.clock.now() > 4500 || !bytes.includes("INVITE sip:");
    assert.equal(await dial(rig, "01234", 3900), undefined);
    assert.deepEqual(asked, []);
    await rig.pass(200);
    assert.deepEqual(asked, ["two 1234"]);
    assert.deepEqual(
      rig.last?.parties.map(({ state }) => state),
      ["connected", "connected"],
    );
    await rig.pass(4000);
    assert.ok(late !== undefined && endpoints[0] !== undefined, "its INVITE is repeated until then");
    answer(late, endpoints[0]);
    await rig.pass(40_000);
    assert.equal(endpoints[0]?.stats().dialogs, 0);
  });

  test("a gateway that has said 100 is waited for", async (t) => {
    const { rig, asked } = await stage(t, [trying, answer]);
    assert.equal(await dial(rig, "01234", 20_000), undefined);
    assert.deepEqual(asked, ["one 1234"]);
  });

  test("503 after 180: the next one; after early media the caller's phone has its answer: the end", async (t) => {
    for (const [body, wanted] of [
      [undefined, 200],
      [phoneSdp(7100), 500],
    ] as const) {
      const then503: Behaviour = (tx, endpoint) => {
        const session = endpoint.accept(tx);
        session.progress(183, body === undefined ? {} : { body });
        rig.clock.after(500, () => session.reject(503));
      };
      const { rig } = await stage(t, [then503, answer]);
      assert.equal(await dial(rig, "01234", 1000), wanted);
    }
  });

  test("a TCP connection that is refused: the next one at once", async (t) => {
    const refused = { dn: "one", contact: "sip:127.0.0.1:7901;transport=tcp" };
    const { rig, asked } = await stage(t, [answer, answer], [refused]);
    assert.equal(await dial(rig, "01234", 300), 200);
    assert.deepEqual(asked, ["two 1234"]);
  });

  test("every one is out: one failure for the caller, as of several phones (RFC 3261 16.7)", async (t) => {
    const { rig, asked } = await stage(t, [refuse(503), silent, refuse(500)]);
    rig.network.filter = (_bytes, from) => from.port !== 7002;
    assert.equal(await dial(rig, "01234", 5000), 408);
    assert.equal(asked.length, 3);
  });

  test("round-robin begins each call at the next one", async (t) => {
    const { rig, asked } = await stage(
      t,
      [refuse(486), refuse(486)],
      [{ dn: "out", loadBalanceScheme: "round-robin" }],
    );
    for (let i = 0; i < 3; i += 1) assert.equal(await dial(rig, "01", 300), 486);
    assert.deepEqual(asked, ["one 1", "two 1", "one 1"]);
  });

  test("CANCEL of the caller ends the hunt", async (t) => {
    const { rig, asked, endpoints } = await stage(t, [ring, answer]);
    const session = rig.call(undefined, "01234");
    await rig.pass(500);
    session.cancel();
    await rig.pass(40_000);
    assert.deepEqual(asked, ["one 1234"]);
    assert.equal(endpoints[0]?.stats().dialogs, 0);
    assert.equal(rig.calls.size, 0);
  });
});

describe("digit manipulation: the prefix is cut, replace-prefix put in front", () => {
  const table: [what: string, out: Partial<DnConfig>, one: Partial<DnConfig>, dialled: string, sent: string][] = [
    ["nothing to put in front", {}, {}, "01234", "1234"],
    ["the group's", { replacePrefix: "+49" }, {}, "01234", "%2B491234"],
    ["a member's own before the group's", { replacePrefix: "+49" }, { replacePrefix: "0049" }, "01234", "00491234"],
    ["a trunk dialled by its own prefix", {}, { prefix: "00", replacePrefix: "7" }, "001234", "71234"],
    ["a trunk without replace-prefix dialled by its own", { replacePrefix: "+49" }, { prefix: "00" }, "001234", "1234"],
  ];
  for (const [what, out, one, dialled, sent] of table) {
    test(what, async (t) => {
      const { rig, asked } = await stage(
        t,
        [answer],
        [
          { dn: "out", ...out },
          { dn: "one", ...one },
        ],
      );
      assert.equal(await dial(rig, dialled, 300), 200);
      assert.deepEqual(asked, [`one ${sent}`]);
    });
  }

  test("a routing point whose default destination is a number: out over the group", async (t) => {
    const { rig, asked } = await stage(
      t,
      [answer],
      [{ dn: "8000", type: "routing-point", defaultDestination: "0999" }],
    );
    assert.equal(await dial(rig, "8000", 300), 200);
    assert.deepEqual(asked, ["one 999"]);
    assert.deepEqual(
      rig.last?.parties.map(({ number, state }) => [number, state]),
      [
        ["7002", "connected"],
        ["8000", "released"],
        ["999", "connected"],
      ],
    );
  });
});

describe("capacity", () => {
  test("a full trunk is passed over; what it carries is counted until each call's end", async (t) => {
    const { rig, asked } = await stage(t, [answer, answer], [{ dn: "one", capacity: 1 }]);
    const first = rig.call(undefined, "01");
    await rig.pass(300);
    assert.equal(await dial(rig, "02", 300), 200);
    assert.deepEqual([asked, rig.trunks.inUse("one"), rig.trunks.inUse("two")], [["one 1", "two 2"], 1, 1]);
    void first.bye();
    await rig.pass(300);
    assert.equal(rig.trunks.inUse("one"), 0);
    assert.equal(await dial(rig, "03", 300), 200);
    assert.equal(asked[2], "one 3");
  });

  test("a call that fails is given back; all full: the caller is refused and nobody is asked", async (t) => {
    const { rig, asked } = await stage(t, [refuse(486)], [{ dn: "one", capacity: 1 }]);
    assert.equal(await dial(rig, "01", 300), 486);
    assert.equal(rig.trunks.inUse("one"), 0);
    const held = rig.trunks.acquire("one");
    assert.equal(await dial(rig, "02", 300), 500);
    assert.deepEqual(asked, ["one 1"]);
    held?.();
  });

  test("a call from a trunk that is full: 503 with Retry-After", async (t) => {
    const { rig } = await stage(
      t,
      [],
      [{ dn: "in", type: "trunk", contact: "sip:127.0.0.1:6002", capacity: 1 }, { dn: "7001" }],
    );
    rig.called.onRequest = (tx) => ring(tx, rig.called);
    assert.equal(await dial(rig, "7001", 300), undefined);
    assert.equal(rig.trunks.inUse("in"), 1);
    assert.equal(await dial(rig, "7001", 300), 503);
  });
});

test("RFC 3261 22.2: a trunk that asks for a password is answered with its user and password", async (t) => {
  const asks: Behaviour = (tx, endpoint) => {
    const said = tx.request.headers.get("Authorization");
    if (said === undefined) tx.respond(401, { headers: [["WWW-Authenticate", 'Digest realm="gw", nonce="1"']] });
    else if (said.includes('username="we"') && said.includes('realm="gw"')) answer(tx, endpoint);
    else tx.respond(403);
  };
  const { rig, asked } = await stage(t, [asks], [{ dn: "one", user: "we", password: "secret" }]);
  assert.equal(await dial(rig, "01234", 500), 200);
  assert.equal(asked.length, 2);
});

test("R1: a recorded trunk group, and a recorded trunk of a group, record the customer's side", async (t) => {
  for (const recorded of ["out", "one"]) {
    const { rig } = await stage(t, [answer], [{ dn: recorded, record: true }]);
    assert.equal(await dial(rig, "01234", 500), 200);
    assert.deepEqual(rig.ledger, ["ledger expect out customer"]);
  }
});

test("a voice treatment port is reached at its contact, under its own name", async (t) => {
  const { rig, asked } = await stage(
    t,
    [answer],
    [{ dn: "ivr", type: "voice-treatment-port", contact: "sip:127.0.0.1:7001" }],
  );
  assert.equal(await dial(rig, "ivr", 300), 200);
  assert.deepEqual(asked, ["one ivr"]);
});
