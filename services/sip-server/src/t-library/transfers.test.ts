import assert from "node:assert/strict";
import { test } from "node:test";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";
const other = "0110031f8ab2c002";
const own = { ThisDN: "7001", ConnID };

test("transfers, conferences and routing: rights, registration, parties and values, each with its named error", async (t) => {
  const rig = await startTlib(t);
  const client = await rig.open();
  await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  const rows: readonly [string, Record<string, unknown>, string][] = [
    ["RequestInitiateTransfer", { ...own, ThisDN: "7002", OtherDN: "7003" }, "NotRegistered"],
    ["RequestInitiateTransfer", { ...own, ConnID: other, OtherDN: "7003" }, "InvalidConnID"],
    ["RequestInitiateConference", { ...own, OtherDN: "7003", UserData: { GSIP_RECORD: "On" } }, "InvalidAttribute"],
    ["RequestInitiateTransfer", own, "InvalidAttribute"],
    ["RequestCompleteTransfer", { ...own, TransferConnID: other }, "InvalidConnID"],
    ["RequestCompleteConference", own, "InvalidAttribute"],
    ["RequestReconnectCall", { ...own, PreviousConnID: other }, "InvalidConnID"],
    ["RequestAlternateCall", { ...own, PreviousConnID: "x" }, "InvalidAttribute"],
    ["RequestSingleStepTransfer", { ...own, OtherDN: "7003" }, "InvalidState"],
    ["RequestSingleStepConference", { ...own, OtherDN: "7003", Extension: {} }, "InvalidAttribute"],
    ["RequestDeleteFromConference", { ...own, ThisDN: "7002", OtherDN: "7001" }, "NotRegistered"],
    ["RequestMuteTransfer", { ...own, OtherDN: 7003 }, "InvalidAttribute"],
    ["RequestRouteCall", { ...own, ThisDN: "8000", OtherDN: "7002" }, "NotRegistered"],
    ["RequestRouteCall", { ...own, OtherDN: "7002", RouteType: "Sideways" }, "InvalidAttribute"],
    ["RequestRouteCall", { ...own, OtherDN: "7002", Extensions: { disable_source: "perhaps" } }, "InvalidAttribute"],
    ["RequestRouteCall", { ...own, OtherDN: "7002", Extensions: { record: "both" } }, "InvalidAttribute"],
    ["RequestRouteCall", { ...own, OtherDN: "7002" }, "InvalidState"],
  ];
  for (const [message, attributes, error] of rows) {
    const refused = await client.ask(message, attributes);
    assert.equal(errorOf(refused), error, `${message} ${JSON.stringify(attributes)}`);
    assert.equal(refused.attributes["UserEvent"], message);
  }
  const shy = await rig.open("shy");
  await shy.ask("RequestRegisterAddress", { ThisDN: "7001" });
  assert.equal(errorOf(await shy.ask("RequestRouteCall", { ...own, OtherDN: "7002" })), "PermissionDenied");
  await client.ask("RequestRegisterAddress", { ThisDN: "7001", RegisterMode: "ModeMonitor" });
  for (const message of ["RequestSingleStepTransfer", "RequestInitiateTransfer"]) {
    assert.equal(errorOf(await client.ask(message, { ...own, OtherDN: "7003" })), "PermissionDenied", message);
  }
});
