import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApplicationConfig } from "@sidetone/config";
import { ConfiguredApplication } from "./authentication.ts";

test("operations.md: what an application may do follows the configuration, in a session that is open too", () => {
  const desk: ApplicationConfig = {
    name: "desk",
    password: "p",
    grants: [{ dns: "70*", rights: ["monitor"] }],
    destinations: ["a.example"],
  };
  let now: ApplicationConfig | undefined = desk;
  const application = new ConfiguredApplication("desk", () => now);
  assert.deepEqual(
    [application.rights.may("monitor", "7001"), application.rights.may("record", "7001")],
    [true, false],
  );
  assert.equal(application.rights, application.rights);
  now = { ...desk, grants: [{ dns: "7001", rights: ["record"] }], destinations: [], userDataKeys: ["a*"] };
  assert.deepEqual(
    [application.rights.may("monitor", "7001"), application.rights.may("record", "7001")],
    [false, true],
  );
  assert.deepEqual([application.rights.sees("b"), application.destinations], [false, []]);
  now = undefined;
  assert.deepEqual([application.rights.may("record", "7001"), application.rights.sees("a")], [false, false]);
});
