import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig } from "./call-rig.ts";
import { bestFailure } from "./ringing.ts";

const table: [number[], number][] = [
  [[486, 480], 486],
  [[480, 404], 404],
  [[408, 603], 603],
  [[500, 486], 486],
  [[404, 600], 600],
  [[401], 480],
  [[302], 480],
  [[503], 500],
  [[], 480],
];

for (const [statuses, expected] of table) {
  test(`RFC 3261 16.7 step 6: of ${statuses.join(", ") || "nothing"} the caller is told ${expected}`, () => {
    assert.equal(bestFailure(statuses.map((status) => ({ status, reason: "" }))).status, expected);
  });
}

/** 7001 has phones that refuse with these statuses, ringing in turns; undefined rings silently. What the caller is told, and who was asked. */
async function hunt(
  turns: readonly (readonly (number | undefined)[])[],
  ms: number,
): Promise<[number | undefined, string]> {
  const rig = await new CallRig([{ dn: "7001" }, { dn: "7002" }]).listen();
  rig.targets.length = 0;
  const statuses = new Map<string, number | undefined>();
  for (const [turn, members] of turns.entries()) {
    for (const [i, status] of members.entries()) {
      const uri = `sip:${turn}${String.fromCharCode(97 + i)}@127.0.0.1:6001`;
      statuses.set(uri, status);
      rig.targets.push({ uri, destination: { uri }, turn });
    }
  }
  const asked: string[] = [];
  rig.called.onRequest = (tx) => {
    asked.push(tx.request.uri.slice(4, 6));
    const status = statuses.get(tx.request.uri);
    if (status === undefined) rig.called.accept(tx).progress(180);
    else tx.respond(status);
  };
  let told: number | undefined;
  rig.call().on("rejected", ({ status }) => (told = status));
  await rig.pass(ms);
  await rig.close();
  return [told, asked.join(" ")];
}

const hunts: [what: string, turns: (number | undefined)[][], told: number | undefined, asked: string][] = [
  [
    "all of a turn are out: the next turn, all at once",
    [
      [503, 500],
      [404, 404],
    ],
    404,
    "0a 0b 1a 1b",
  ],
  ["one of a turn speaks of the called party: the end", [[503, 486], [404]], 486, "0a 0b"],
  ["one of a turn still rings: no next turn", [[503, undefined], [404]], undefined, "0a 0b"],
  ["three turns, the last one decides", [[503], [408], [480]], 480, "0a 1a 2a"],
  ["600 ends every turn at once", [[600, undefined], [404]], 600, "0a 0b"],
];
for (const [what, turns, told, asked] of hunts) {
  test(`turns: ${what}`, async () => assert.deepEqual(await hunt(turns, 2000), [told, asked]));
}

test("a phone that is no member of a hunt may be silent for longer than 4 s", async () => {
  const rig = await new CallRig([{ dn: "7001" }, { dn: "7002" }]).listen();
  rig.network.filter = (_bytes, _from, to) => to.port !== 6001;
  let told: number | undefined;
  rig.call().on("rejected", ({ status }) => (told = status));
  await rig.pass(30_000);
  assert.equal(told, undefined);
  await rig.pass(3000);
  assert.equal(told, 408);
  await rig.close();
});
