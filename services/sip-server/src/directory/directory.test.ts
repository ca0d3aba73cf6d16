import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AgentLoginConfig, type DnConfig, parseConfig } from "@sidetone/config";
import fc from "fast-check";
import { dnConfig, options } from "../registrar/phone.fixture.ts";
import type { DirectoryChange } from "./change.ts";
import { directoryOf, liveConfig } from "./directory.ts";
import { PrefixIndex } from "./prefix-index.ts";

const mapOf = (...dns: DnConfig[]): ReadonlyMap<string, DnConfig> => new Map(dns.map((dn) => [dn.dn, dn]));

function trunk(dn: string, contact: string, o: Partial<DnConfig> = {}): DnConfig {
  return dnConfig(dn, { type: "trunk", contact, inboundAuthentication: "address", ...o });
}

describe("prefixes", () => {
  const digits = fc.string({ unit: fc.constantFrom("0", "1", "9", "+"), maxLength: 5 });

  test("the longest prefix of a number is found, as a look at all of them finds it", () => {
    fc.assert(
      fc.property(fc.array(digits, { maxLength: 20 }), digits, (prefixes, number) => {
        const longest = prefixes
          .filter((prefix) => number.startsWith(prefix))
          .reduce<string | undefined>((a, b) => (a === undefined || b.length > a.length ? b : a), undefined);
        assert.equal(new PrefixIndex(prefixes.map((prefix) => [prefix, prefix])).find(number), longest);
      }),
    );
  });

  test("numbers: a trunk, a longer prefix, a group, no prefix", () => {
    const directory = directoryOf({
      options,
      dns: mapOf(
        trunk("pstn", "sip:192.0.2.1", { prefix: "9" }),
        trunk("abroad", "sip:192.0.2.2", { prefix: "900" }),
        dnConfig("out", { type: "trunk-group", members: ["pstn"], prefix: "0" }),
        dnConfig("7001", { prefix: "7" }),
      ),
    });
    const found = ["91", "900", "9001", "90", "01", "7", ""].map((number) => directory.trunkForNumber(number)?.dn);
    assert.deepEqual(found, ["pstn", "abroad", "abroad", "pstn", "out", undefined, undefined]);
  });
});

describe("where a call comes from", () => {
  const directory = directoryOf({
    options,
    dns: mapOf(
      trunk("a", "sip:192.0.2.1:5070"),
      trunk("same", "sip:192.0.2.1:5070"),
      trunk("b", "sip:192.0.2.1;transport=tcp", { prefix: "9" }),
      trunk("six", "sip:[2001:DB8::0:1]"),
      trunk("digest", "sip:192.0.2.9", { inboundAuthentication: "digest" }),
      dnConfig("g", { type: "trunk-group", members: ["b", "digest"], record: true }),
      dnConfig("7001", { contact: "sip:192.0.2.7" }),
    ),
  });

  test("a trunk is known by address and port, the first of several; one with digest and a phone are not", () => {
    const at = (host: string, port: number): string | undefined => directory.trunkForSource(host, port)?.dn;
    assert.deepEqual(
      [at("192.0.2.1", 5070), at("192.0.2.1", 5060), at("2001:db8::1", 5060), at("192.0.2.1", 5071)],
      ["a", "b", "six", undefined],
    );
    assert.deepEqual([at("192.0.2.9", 5060), at("192.0.2.7", 5060)], [undefined, undefined]);
  });

  test("R1: the trunks of a recorded group are recorded, by address and by digest", () => {
    assert.deepEqual(
      [directory.trunkForSource("192.0.2.1", 5070), directory.trunkForSource("192.0.2.1", 5060)].map(
        (dn) => dn?.record,
      ),
      [false, true],
    );
    const digest = directory.dn("digest");
    assert.ok(digest !== undefined);
    assert.deepEqual([digest.record, directory.asCaller(digest).record], [false, true]);
  });
});

describe("change", () => {
  test("what came, went and changed is told once, after it counts; nothing where nothing did", () => {
    const agents = new Map<string, AgentLoginConfig>([["1", { agentId: "1", password: "x", record: false }]]);
    const directory = directoryOf({
      options,
      agentLogins: agents,
      dns: mapOf(dnConfig("1"), dnConfig("2"), dnConfig("3")),
    });
    const seen: [DirectoryChange, number][] = [];
    const forget = directory.onChange((change) => seen.push([change, directory.dns().size]));
    const dns = mapOf(dnConfig("2"), dnConfig("3", { record: true }), dnConfig("4"), dnConfig("5"));
    const next = { dns, agentLogins: agents, applications: new Map(), options: { ...options, recordMoh: false } };
    directory.replace(next);
    assert.deepEqual(seen, [
      [
        {
          dns: { added: ["4", "5"], removed: ["1"], changed: ["3"] },
          agentLogins: { added: [], removed: [], changed: [] },
          applications: { added: [], removed: [], changed: [] },
          options: ["recordMoh"],
        },
        4,
      ],
    ]);
    directory.replace({ ...next, dns: mapOf(...Array.from(dns.values(), (dn) => ({ ...dn }))) });
    assert.equal(seen.length, 1);
    assert.equal(directory.dns(), dns, "a content that says the same leaves the map as it is");
    forget();
    directory.replace({ ...next, dns: new Map() });
    assert.equal(seen.length, 1);
  });

  test("a listener that throws keeps neither the change nor the other listeners", () => {
    const errors: unknown[] = [];
    const directory = directoryOf({ options, dns: new Map() }, (error) => errors.push(error));
    let told = 0;
    directory.onChange(() => {
      throw new Error("no");
    });
    directory.onChange(() => (told += 1));
    directory.replace({ dns: mapOf(dnConfig("1")), agentLogins: new Map(), applications: new Map(), options });
    assert.deepEqual([errors.length, told, directory.dn("1")?.dn], [1, 1, "1"]);
  });

  test("a configuration made live follows the directory; the rest of it stays", () => {
    const text = 'sip-server: { listen: ["udp://127.0.0.1:0"], domain: x.test, storage: "sqlite:a", dns: {} }';
    const parsed = parseConfig(text, "t.yaml", { ephemeralPorts: undefined });
    assert(parsed.ok && parsed.value.sipServer !== undefined);
    const directory = directoryOf(parsed.value.sipServer);
    const config = liveConfig(parsed.value.sipServer, directory);
    directory.replace({
      dns: mapOf(dnConfig("1")),
      agentLogins: new Map([["9", { agentId: "9", password: undefined, record: true }]]),
      applications: new Map(),
      options: { ...options, noAnswerTimeoutMs: 5 },
    });
    assert.deepEqual(
      [config.dns.has("1"), config.agentLogins?.has("9"), config.options.noAnswerTimeoutMs, config.domain],
      [true, true, 5, "x.test"],
    );
  });
});
