import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { parseUri } from "@sidetone/sip";
import { directoryOf } from "../directory/index.ts";
import { options } from "../registrar/phone.fixture.ts";
import { resolveDestination } from "./destination.ts";
import { kindOf } from "./party-number.ts";

const base: DnConfig = {
  dn: "7001",
  type: "extension",
  password: undefined,
  digestAlgorithms: ["MD5"],
  record: false,
  recordingFailure: "continue",
  media: "direct",
  contact: undefined,
  prefix: undefined,
  defaultDestination: undefined,
  routeTimeoutMs: 0,
};
const dns = new Map<string, DnConfig>([
  ["7001", base],
  ["pstn", { ...base, dn: "pstn", type: "trunk", prefix: "9" }],
  ["abroad", { ...base, dn: "abroad", type: "trunk-group", prefix: "900" }],
]);
const directory = directoryOf({ dns, options });

const table: [string, string][] = [
  ["sip:7001@sidetone.local", "dn 7001 7001"],
  ["sip:7001;phone-context=x@127.0.0.1:5060;user=phone", "dn 7001 7001"],
  ["sip:%37001@host", "dn 7001 7001"],
  ["tel:7001", "dn 7001 7001"],
  ["sip:91234@host", "dn pstn 1234"],
  ["sip:9001234@host", "dn abroad 1234"],
  ["sip:4711@host", "404"],
  ["sip:host", "404"],
  ["nobodyKnowsThisScheme:totallyopaquecontent", "416"],
];

for (const [uri, expected] of table) {
  test(`RFC 3261 8.2.2.1: ${uri} is ${expected}`, () => {
    const parsed = parseUri(uri);
    assert.ok(parsed.ok);
    const found = resolveDestination(parsed.value, directory);
    assert.equal(found.kind === "dn" ? `dn ${found.dn.dn} ${found.number}` : String(found.status), expected);
  });
}

test("R1: trunks and voice treatment ports stand for the customer, everything else for an agent", () => {
  const sides = (
    ["extension", "acd-position", "routing-point", "trunk", "trunk-group", "voice-treatment-port"] as const
  ).filter((type) => kindOf({ ...base, type }) === "external");
  assert.deepEqual(sides, ["trunk", "trunk-group", "voice-treatment-port"]);
});
