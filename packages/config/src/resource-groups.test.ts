import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatMistake, type LoadOptions, parseConfig, type ResourceManagerConfig } from "./index.ts";

const options: LoadOptions = { env: {}, ephemeralPorts: undefined, readFile: () => "" };

/** A group on lines 4 and on. */
function file(group: string, more = ""): string {
  return `resource-manager:
  listen: ["tcp://127.0.0.1:5070"]
  groups:
    ms: { service: msml, ${group} }
${more}`;
}

function read(group: string, more = ""): ResourceManagerConfig | string[] {
  const result = parseConfig(file(group, more), "s.yaml", options);
  if (!result.ok) return result.error.map((m) => `${m.line} ${formatMistake(m)}`);
  return result.value.resourceManager ?? [];
}

const one = `resources: [{ address: "sip:127.0.0.1:5080" }]`;

describe("groups of resources", () => {
  test("what is not written: preference 1, no location, overflow, every client, two good answers", () => {
    const config = read(one);
    assert(!Array.isArray(config));
    const { resources, ...group } = config.groups[0] ?? assert.fail();
    assert.deepEqual(group, {
      name: "ms",
      service: "msml",
      loadBalanceScheme: "round-robin",
      monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers: 2 },
      recordRoute: false,
      preference: 1,
      geoLocation: undefined,
      geoOverflow: true,
      clients: undefined,
    });
    assert.deepEqual(resources, [
      {
        address: "sip:127.0.0.1:5080",
        portCapacity: undefined,
        preference: 1,
        geoLocation: undefined,
        withdrawn: false,
      },
    ]);
    assert.equal(config.maxSessionsPerClient, undefined);
  });

  for (const [title, group, more, mistake] of [
    ["a misspelt key is named with the nearest one", `geo-locaton: x, ${one}`, "", /^4 .*Did you mean "geo-location"/],
    ["a preference below 1", `preference: 0, ${one}`, "", /^4 .*preference/],
    ["strict without a location anywhere", `geo-overflow: false, ${one}`, "", /^4 .*geo-overflow.*geo-location/],
    ["clients that are no addresses", `clients: [console.example], ${one}`, "", /^4 .*clients/],
    ["good answers without number", `monitor: { return-answers: many }, ${one}`, "", /^4 .*return-answers/],
    ["a limit of nothing", one, "  max-sessions-per-client: 0\n", /^5 .*max-sessions-per-client/],
    ["withdrawn is true or false", `resources: [{ address: "sip:a:1", withdrawn: soon }]`, "", /^4 .*withdrawn/],
  ] as const) {
    test(`a mistake with its line: ${title}`, () => {
      const found = read(group, more);
      assert(Array.isArray(found) && found.length === 1, JSON.stringify(found));
      assert.match(found[0] ?? "", mistake);
    });
  }
});
