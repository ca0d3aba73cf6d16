import assert from "node:assert/strict";
import { test } from "node:test";
import { Rights } from "./rights.ts";

test("rights add up over the grants that name a DN; default none", () => {
  const rights = new Rights(
    [
      { dns: "70*", rights: ["monitor"] },
      { dns: "7001", rights: ["record", "control"] },
    ],
    undefined,
  );
  const verbs = ["monitor", "control", "route", "record", "userdata", "suppress"] as const;
  const of = (dn: string): string => verbs.filter((verb) => rights.may(verb, dn)).join(" ");
  assert.equal(of("7001"), "monitor control record");
  assert.equal(of("7002"), "monitor");
  assert.equal(of("8000"), "");
});

test("user data: without a list all keys are seen; with one only its keys and GSIP_", () => {
  const all = new Rights([], undefined);
  assert(all.sees("Card") && all.writes("Card"));
  const few = new Rights([], ["Customer*"]);
  assert(few.sees("CustomerId") && few.sees("GSIP_REC_FN") && !few.sees("Card"));
  assert(few.writes("CustomerId") && !few.writes("Card"));
  assert.deepEqual(few.shown({ Card: "1", CustomerId: 2, GSIP_RECORD: "On" }), { CustomerId: 2, GSIP_RECORD: "On" });
});
