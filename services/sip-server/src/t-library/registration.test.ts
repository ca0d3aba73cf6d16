import assert from "node:assert/strict";
import { test } from "node:test";
import { testCall, testParty } from "./calls.fixture.ts";
import { errorOf, startTlib, type TestClient } from "./rig.fixture.ts";
import { Registrations } from "./registrations.ts";

const ConnID = "0110031f8ab2c001";

test("modes: Share and Monitor stand beside each other, Private stands alone, whoever came first", () => {
  const modes = ["ModeShare", "ModeMonitor", "ModePrivate"] as const;
  for (const first of modes) {
    for (const second of modes) {
      const registrations = new Registrations<string>();
      assert.equal(registrations.register("s", "7001", first).ok, true);
      const beside = first !== "ModePrivate" && second !== "ModePrivate";
      assert.equal(registrations.register("t", "7001", second).ok, beside, `${first}, ${second}`);
      assert.equal(registrations.register("t", "7002", second).ok, true);
      assert.equal(registrations.modeOf("t", "7001"), beside ? second : undefined);
      registrations.drop("s");
      assert.equal(registrations.has("7001"), beside);
      assert.equal(registrations.register("t", "7001", "ModePrivate").ok, true);
      registrations.drop("t");
      assert.deepEqual(registrations.counts(), { dns: 0, registrations: 0 });
    }
  }
});

test("registration: right, configuration and modes are looked at", async (t) => {
  const rig = await startTlib(t);
  const [desk, second, wall] = [await rig.open(), await rig.open(), await rig.open("wall")];
  const register = async (client: TestClient, ThisDN: string, RegisterMode?: string): Promise<unknown> =>
    errorOf(
      await client.ask("RequestRegisterAddress", { ThisDN, ...(RegisterMode === undefined ? {} : { RegisterMode }) }),
    );
  assert.equal(await register(desk, "8000"), "PermissionDenied");
  assert.equal(await register(desk, "7099"), "NotConfigured");
  assert.equal(await register(desk, "7001", "ModePrivate"), "EventRegistered");
  assert.equal(await register(second, "7001"), "ResourceSeized");
  assert.equal(await register(wall, "7001", "ModeMonitor"), "ResourceSeized");
  assert.equal(await register(desk, "7001", "ModeShare"), "EventRegistered");
  assert.equal(await register(second, "7001"), "EventRegistered");
  assert.equal(await register(wall, "7001", "ModePrivate"), "ResourceSeized");
  assert.equal(errorOf(await wall.ask("RequestUnregisterAddress", { ThisDN: "7001" })), "NotRegistered");
  assert.equal(errorOf(await second.ask("RequestUnregisterAddress", { ThisDN: "7001" })), "EventUnregistered");
});

test("a DN of a session that has ended is free again", async (t) => {
  const rig = await startTlib(t);
  const first = await rig.open();
  await first.ask("RequestRegisterAddress", { ThisDN: "7001", RegisterMode: "ModePrivate" });
  first.say("SessionClose", {});
  await first.closed;
  const second = await rig.open();
  assert.equal(errorOf(await second.ask("RequestRegisterAddress", { ThisDN: "7001" })), "EventRegistered");
});

test("Session 5: EventRegistered.Calls shows the calls there are, with parties and complete user data", async (t) => {
  const rig = await startTlib(t);
  const parties = [
    testParty("a", "+15550100", { dn: "pstn", kind: "external" }),
    testParty("b", "7001", { state: "held", agentId: "1001" }),
  ];
  rig.calls.publish(testCall("+15550100", "7001", { callType: "Inbound", parties, userData: { Segment: "Gold" } }));
  const client = await rig.open();
  const { attributes } = await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  assert.deepEqual(attributes["Calls"], [
    {
      ConnID,
      CallUUID: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
      CallID: 0x0ab2c001,
      CallType: "Inbound",
      CallState: "Ok",
      ANI: "+15550100",
      DNIS: "7001",
      ThisDNRole: "RoleDestination",
      PartyState: "Held",
      OtherDN: "+15550100",
      OtherDNRole: "RoleOrigination",
      UserData: { Segment: "Gold" },
      Parties: [
        { DN: "+15550100", Role: "RoleOrigination", PartyState: "Connected" },
        { DN: "7001", Role: "RoleDestination", PartyState: "Held", AgentID: "1001" },
      ],
    },
  ]);
});

test("Session 5: a snapshot above 256 KB goes on in EventAddressInfo before any other event of the DN", async (t) => {
  const rig = await startTlib(t);
  const long = "x".repeat(30_000);
  for (let n = 0; n < 20; n += 1) {
    const connId = n.toString(16).padStart(16, "0");
    rig.calls.publish(testCall("7001", "7002", { connId: connId as never, userData: { long } }));
  }
  const client = await rig.open();
  const first = await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const seen = (first.attributes["Calls"] as unknown[]).length;
  assert.equal(first.attributes["MoreCalls"], 20 - seen);
  let counted = seen;
  while (counted < 20) {
    const { attributes } = await client.next("EventAddressInfo");
    assert.equal(attributes["ReferenceID"], undefined);
    counted += (attributes["Calls"] as unknown[]).length;
    assert.equal(attributes["MoreCalls"], 20 - counted);
  }
  assert.equal(counted, 20);
});
