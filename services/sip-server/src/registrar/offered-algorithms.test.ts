import assert from "node:assert/strict";
import { test } from "node:test";
import type { DigestAlgorithm, DnConfig } from "@sidetone/config";
import { OfferedAlgorithms } from "./offered-algorithms.ts";

function dns(...sets: DigestAlgorithm[][]): ReadonlyMap<string, DnConfig> {
  return new Map(
    sets.map((digestAlgorithms, i) => [
      String(7000 + i),
      {
        dn: String(7000 + i),
        type: "extension",
        password: undefined,
        digestAlgorithms,
        record: false,
        recordingFailure: "continue",
        media: "direct",
        contact: undefined,
        prefix: undefined,
        defaultDestination: undefined,
        routeTimeoutMs: 0,
      },
    ]),
  );
}

test("a DN is offered its own digests", () => {
  const offered = new OfferedAlgorithms();
  const known = dns(["MD5"], ["SHA-256"]);
  assert.deepEqual(offered.of("7000", known), ["MD5"]);
  assert.deepEqual(offered.of("7001", known), ["SHA-256"]);
});

test("a user that does not exist is offered what some DN is, always the same for the same name", () => {
  const offered = new OfferedAlgorithms();
  const known = dns(["MD5"], ["SHA-256"]);
  const seen = new Set<string>();
  for (let i = 0; i < 200; i += 1) {
    const once = offered.of(`nobody-${i}`, known).join();
    assert.equal(offered.of(`nobody-${i}`, known).join(), once);
    seen.add(once);
  }
  assert.deepEqual(Array.from(seen).sort(), ["MD5", "SHA-256"]);
});

test("where every DN has MD5, or there is none, so does nobody", () => {
  assert.deepEqual(new OfferedAlgorithms().of("nobody", dns(["MD5"], ["MD5"])), ["MD5"]);
  assert.deepEqual(new OfferedAlgorithms().of(undefined, dns()), ["MD5"]);
});
