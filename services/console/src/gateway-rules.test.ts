import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayRule } from "./gateway-rules.ts";

const ruleOf = (method: string, url: string): string => {
  const [path = "", query] = url.split("?");
  const rule = gatewayRule(method, path, query);
  return `${rule?.permission} ${rule?.action} ${rule?.object}`;
};

test("audio that is taken away needs another right than audio that is heard, and the audit says so", () => {
  assert.equal(ruleOf("GET", "/api/v1/recordings/a1/audio"), "listen listen a1");
  assert.equal(ruleOf("GET", "/api/v1/recordings/a1/audio?part=2"), "listen listen a1");
  for (const query of ["download", "download=", "part=2&download=1", "%64ownload"])
    assert.equal(ruleOf("GET", `/api/v1/recordings/a1/audio?${query}`), "download download a1", query);
});

test("the parameter means nothing anywhere else", () => {
  assert.equal(ruleOf("GET", "/api/v1/recordings?download"), "search search undefined");
  assert.equal(ruleOf("GET", "/api/v1/recordings/a1?download"), "search open-recording a1");
  assert.equal(ruleOf("GET", "/api/v1/recordings/a1/peaks?download"), "listen undefined a1");
  assert.equal(ruleOf("POST", "/api/v1/recordings/a1/audio?download"), "resources undefined undefined");
});
