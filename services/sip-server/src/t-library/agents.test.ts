import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, startTlib } from "./rig.fixture.ts";

test("agents: login with password, ready, not ready, logout; everyone on the DN hears of it", async (t) => {
  const rig = await startTlib(t);
  const [desk, wall] = [await rig.open(), await rig.open("wall")];
  for (const client of [desk, wall]) await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const status = async (): Promise<unknown> =>
    (await wall.ask("RequestQueryAddress", { ThisDN: "7001", AddressInfoType: "AgentStatus" })).attributes[
      "Extensions"
    ];
  const login = {
    ThisDN: "7001",
    AgentID: "1001",
    AgentPassword: "secret",
    ThisQueue: "8000",
    AgentWorkMode: "ManualIn",
  };
  const answer = await desk.ask("RequestAgentLogin", login);
  assert.equal(answer.message, "EventAgentLogin");
  const told = await wall.next("EventAgentLogin");
  const { EventSequenceNumber, ...facts } = told.attributes;
  assert.deepEqual(facts, { ThisDN: "7001", AgentID: "1001", ThisQueue: "8000", AgentWorkMode: "ManualIn" });
  assert.equal(EventSequenceNumber, answer.attributes["EventSequenceNumber"]);
  assert.deepEqual(await status(), { AgentStatus: "LoggedIn", AgentID: "1001" });
  assert.equal(rig.server.agentAt("7001"), "1001");
  assert.equal((await desk.ask("RequestAgentReady", { ThisDN: "7001" })).message, "EventAgentReady");
  assert.deepEqual(await status(), { AgentStatus: "Ready", AgentID: "1001" });
  const reasons = { ThisDN: "7001", Reasons: { why: "lunch" } };
  assert.deepEqual((await desk.ask("RequestAgentNotReady", reasons)).attributes["Reasons"], { why: "lunch" });
  await desk.ask("RequestAgentNotReady", { ThisDN: "7001", AgentWorkMode: "AfterCallWork" });
  assert.deepEqual(await status(), { AgentStatus: "AfterCallWork", AgentID: "1001" });
  assert.equal((await desk.ask("RequestAgentLogout", { ThisDN: "7001" })).message, "EventAgentLogout");
  assert.deepEqual(await status(), { AgentStatus: "LoggedOut" });
  assert.equal(rig.server.agentAt("7001"), undefined);
});

test("agents: one agent a DN, one DN an agent; nobody is ready who is not logged in: InvalidState", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  for (const ThisDN of ["7001", "7002"]) await desk.ask("RequestRegisterAddress", { ThisDN });
  const ask = async (message: string, attributes: Record<string, unknown>): Promise<unknown> =>
    errorOf(await desk.ask(message, attributes));
  assert.equal(await ask("RequestAgentReady", { ThisDN: "7001" }), "InvalidState");
  assert.equal(await ask("RequestAgentLogout", { ThisDN: "7001" }), "InvalidState");
  assert.equal(await ask("RequestAgentLogin", { ThisDN: "7001", AgentID: "1002" }), "EventAgentLogin");
  assert.equal(await ask("RequestAgentLogin", { ThisDN: "7002", AgentID: "1002" }), "InvalidState");
  const other = { ThisDN: "7001", AgentID: "1001", AgentPassword: "secret" };
  assert.equal(await ask("RequestAgentLogin", other), "InvalidState");
});

test("agents: a wrong password, and an agent that does not exist, are PermissionDenied; who guesses waits", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const login = { ThisDN: "7001", AgentID: "1001", AgentPassword: "guess" };
  assert.equal(errorOf(await desk.ask("RequestAgentLogin", { ...login, AgentID: "9999" })), "PermissionDenied");
  for (let n = 0; n < 5; n += 1) assert.equal(errorOf(await desk.ask("RequestAgentLogin", login)), "PermissionDenied");
  const reference = desk.send("RequestAgentLogin", { ...login, AgentPassword: "secret" });
  assert.deepEqual(await desk.rest(), []);
  await rig.clock.advanceAsync(1_000);
  const refused = await desk.nextWhere(({ attributes }) => attributes["ReferenceID"] === reference);
  assert.equal(errorOf(refused), "PermissionDenied");
  const right = await desk.ask("RequestAgentLogin", { ...login, AgentPassword: "secret" });
  assert.equal(right.message, "EventAgentLogin");
  assert.doesNotMatch(JSON.stringify([rig.journal, rig.audit]), /secret|guess/);
});
