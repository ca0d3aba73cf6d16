import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type LoadOptions, parseConfig } from "./load.ts";
import { formatMistake } from "./mistake.ts";
import type { DnConfig } from "./types.ts";

/** DNs, one a line; the first stands in line 6 of the file. */
function parse(lines: readonly string[], env: NonNullable<LoadOptions["env"]> = {}): ReturnType<typeof parseConfig> {
  const head =
    'sip-server:\n  listen: [ "udp://127.0.0.1:5060" ]\n  domain: x.test\n  storage: "sqlite:a.sqlite"\n  dns:\n';
  return parseConfig(`${head}${lines.map((line) => `    ${line}\n`).join("")}`, "t.yaml", {
    env,
    ephemeralPorts: undefined,
  });
}

function dns(...lines: string[]): ReadonlyMap<string, DnConfig> {
  const result = parse(lines);
  assert(result.ok, result.ok ? "" : result.error.map(formatMistake).join("\n"));
  return result.value.sipServer?.dns ?? new Map<string, DnConfig>();
}

/** The only mistake of the lines, as it is shown. */
function mistake(...lines: string[]): string {
  const result = parse(lines);
  assert(!result.ok, "a mistake was expected");
  assert.equal(result.error.length, 1, result.error.map(formatMistake).join("\n"));
  return result.error.map(formatMistake).join("");
}

const one = "one: { type: trunk, contact: 'sip:192.0.2.1' }";
const two = "two: { type: trunk, contact: 'sip:192.0.2.2', replace-prefix: '00', capacity: 30 }";

describe("trunks and trunk groups", () => {
  test("everything that a trunk and a group can say is read; defaults are filled in", () => {
    const read = dns(
      one,
      "digest: { type: trunk, contact: 'sip:192.0.2.3', user: me, password: p, inbound-authentication: digest }",
      two,
      "out: { type: trunk-group, prefix: '0', replace-prefix: '+49', members: [one, two], load-balance-scheme: round-robin }",
      "plain: { type: trunk-group, members: [one] }",
    );
    const [first, digest, second, out, plain] = Array.from(read.values());
    assert.deepEqual(
      [first?.inboundAuthentication, first?.capacity, first?.user, first?.replacePrefix],
      ["address", undefined, undefined, undefined],
    );
    assert.deepEqual([digest?.user, digest?.password, digest?.inboundAuthentication], ["me", "p", "digest"]);
    assert.deepEqual([second?.replacePrefix, second?.capacity], ["00", 30]);
    assert.deepEqual(
      [out?.prefix, out?.replacePrefix, out?.members, out?.loadBalanceScheme],
      ["0", "+49", ["one", "two"], "round-robin"],
    );
    assert.equal(plain?.loadBalanceScheme, "in-order");
  });

  const table: [what: string, lines: string[], says: RegExp][] = [
    [
      "a trunk without a contact",
      ["t: { type: trunk }"],
      /:6:8: sip-server\.dns\.t: a trunk needs a contact\. Write con/,
    ],
    ["a group without members", ["g: { type: trunk-group }"], /:6:8: .*needs members\. Write members/],
    ["a group with an empty list", ["g: { type: trunk-group, members: [] }"], /:6:38: .*at least 1 value/],
    [
      "a group with a contact",
      [one, "g: { type: trunk-group, members: [one], contact: 'sip:192.0.2.9' }"],
      /:7:54: .*\.contact: a trunk-group is reached over its members\. Give the contact to a DN of type trunk/,
    ],
    [
      "a member that does not exist",
      [one, "g: { type: trunk-group, members: [one, onne] }"],
      /:7:44: sip-server\.dns\.g\.members\[1\]: there is no trunk "onne"\. Did you mean "one"\?/,
    ],
    [
      "a member that is no trunk",
      ['"7001": { type: extension, password: p }', 'g: { type: trunk-group, members: ["7001"] }'],
      /:7:39: .*members\[0\]: 7001 is no trunk, its type is extension\. Name DNs of type trunk/,
    ],
    [
      "a group within a group",
      [one, "h: { type: trunk-group, members: [one] }", "g: { type: trunk-group, members: [h] }"],
      /:8:39: .*h is a trunk-group itself\. Name its trunks one by one/,
    ],
    [
      "a member named twice",
      [one, "g: { type: trunk-group, members: [one, one] }"],
      /:7:44: .*one is a member already/,
    ],
    [
      "a prefix that stands twice",
      [
        "a: { type: trunk, contact: 'sip:192.0.2.1', prefix: '9' }",
        one,
        "g: { type: trunk-group, members: [one], prefix: '9' }",
      ],
      /:8:53: sip-server\.dns\.g\.prefix: "9" is the prefix of a already\. Give each its own/,
    ],
    [
      "a key of another type",
      ["x: { type: extension, password: p, capacity: 3 }"],
      /:6:50: .*capacity: means nothing to a DN of type extension\. It is for: trunk\./,
    ],
    [
      "digest without a password",
      ["t: { type: trunk, contact: 'sip:192.0.2.1', inbound-authentication: digest }"],
      /digest needs a password/,
    ],
    ["a user without a password", ["t: { type: trunk, contact: 'sip:192.0.2.1', user: u }"], /answers no challenge/],
    [
      "nothing that replace-prefix replaces",
      [one, "g: { type: trunk-group, members: [one], replace-prefix: '0' }"],
      /:7:61: .*no prefix that it replaces/,
    ],
    [
      "a capacity of nothing",
      ["t: { type: trunk, contact: 'sip:192.0.2.1', capacity: 0 }"],
      /must be from 1 to 100000/,
    ],
    [
      "a voice treatment port that nobody reaches",
      ["v: { type: voice-treatment-port }"],
      /needs a password to register with, or a contact/,
    ],
  ];
  for (const [what, lines, says] of table) test(`refused: ${what}`, () => assert.match(mistake(...lines), says));
});

test("the example in docs/operators.md is accepted as it stands", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/operators.md"), "utf8");
  const block = page.split("### Trunks\n\n```yaml\n")[1]?.split("```")[0];
  assert.ok(block !== undefined);
  const result = parse([block.trim()], { CARRIER_B: "b", ROAMING: "c" });
  assert(result.ok, result.ok ? "" : result.error.map(formatMistake).join("\n"));
  assert.equal(result.value.sipServer?.dns.size, 4);
});

describe("treatments of routing points", () => {
  test("ringback where nothing is said; music with or without a file; an announcement with its file", () => {
    const read = dns(
      "a: { type: routing-point }",
      "b: { type: routing-point, treatment: music }",
      "c: { type: routing-point, treatment: music, treatment-file: calm.wav }",
      "d: { type: routing-point, treatment: announcement, treatment-file: welcome.wav }",
      "e: { type: extension, password: p }",
    );
    assert.deepEqual(
      Array.from(read.values(), (dn) => [dn.treatment, dn.treatmentFile]),
      [
        ["ringback", undefined],
        ["music", undefined],
        ["music", "calm.wav"],
        ["announcement", "welcome.wav"],
        [undefined, undefined],
      ],
    );
  });

  const table: [lines: string, says: RegExp][] = [
    [
      "{ type: routing-point, treatment: announcement }",
      /:6:42: .*treatment: an announcement needs its file\. Add treat/,
    ],
    ["{ type: routing-point, treatment: musik }", /Did you mean "music"/],
    ["{ type: routing-point, treatment-file: a.wav }", /treatment-file: ringback plays no file/],
    ["{ type: routing-point, treatment: music, treatment-file: ../a.wav }", /treatment-file: is not a file name/],
    [
      "{ type: extension, password: p, treatment: music }",
      /means nothing to a DN of type extension\. It is for: routing-point/,
    ],
  ];
  for (const [line, says] of table) test(`refused: ${line}`, () => assert.match(mistake(`x: ${line}`), says));
});
