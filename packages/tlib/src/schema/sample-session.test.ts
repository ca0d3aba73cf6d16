import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { jsonSchema, messageNames, readClientMessage, readServerMessage } from "./index.ts";

const lines = readFileSync(new URL("sample-session.fixture.txt", import.meta.url), "utf8").split("\n");
const client = lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2));
const server = lines.filter((line) => line.startsWith("< ")).map((line) => line.slice(2));

test("the sample session holds both sides", () => {
  assert.equal(client.length, 14);
  assert.equal(server.length, 27);
});

test("every client message of the sample session is read, unchanged", () => {
  for (const text of client) {
    const read = readClientMessage(text);
    assert.deepEqual(read, { ok: true, value: JSON.parse(text) as unknown });
  }
});

test("every server message of the sample session is read, unchanged", () => {
  for (const text of server) {
    assert.deepEqual(readServerMessage(text), { ok: true, value: JSON.parse(text) as unknown });
  }
});

for (const form of ["generators", "exact"] as const) {
  test(`every message of the sample session is valid by the JSON Schema (${form}), and only as itself`, () => {
    const schema = jsonSchema(form);
    const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false });
    const any = ajv.compile(schema);
    ajv.addSchema(schema, "tlib");
    for (const text of [...client, ...server]) {
      const message = JSON.parse(text) as { message: string };
      assert.ok(any(message), `${text}\n${ajv.errorsText(any.errors)}`);
      const fitting = messageNames.filter((name) => ajv.validate(`tlib#/definitions/${name}`, message));
      assert.deepEqual(fitting, [message.message]);
    }
  });
}
