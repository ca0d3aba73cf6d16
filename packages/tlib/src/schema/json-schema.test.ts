import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { eventNames, jsonSchema, messageNames, readClientMessage, requestNames } from "./index.ts";
import { validMessage } from "./valid-messages.fixture.ts";

const exact = jsonSchema("exact") as { readonly definitions: Readonly<Record<string, object>> };
const generators = jsonSchema() as { readonly definitions: Readonly<Record<string, object>> };
const ajv = new Ajv({ strict: true, strictRequired: false });
ajv.addSchema(exact, "exact");

test("draft-07, one definition per message", () => {
  assert.equal((generators as { $schema?: string }).$schema, "http://json-schema.org/draft-07/schema#");
  assert.equal(new Ajv().validateSchema(generators), true);
  assert.equal(new Ajv().validateSchema(exact), true);
  assert.equal(requestNames.length, 30);
  assert.equal(eventNames.length, 34);
  assert.deepEqual(
    Object.keys(generators.definitions).filter((name) => !["Party", "Call"].includes(name)),
    messageNames,
  );
});

test("for generators a KVList is an opaque map, an enumeration a plain string, nothing refers to itself", () => {
  const text = JSON.stringify(generators);
  assert.ok(
    !text.includes('"enum"') && !text.includes("KVValue") && !text.includes('"allOf"') && !text.includes('"x-'),
  );
  const request = JSON.stringify(generators.definitions["RequestMakeCall"]);
  assert.match(request, /"UserData":\{"type":"object","description":"[^"]*","additionalProperties":true\}/);
  const refs = (name: string): string[] =>
    [...JSON.stringify(generators.definitions[name]).matchAll(/"#\/definitions\/(\w+)"/g)].map(
      (match) => match[1] ?? "",
    );
  assert.deepEqual(refs("Call"), ["Party"]);
  assert.deepEqual(refs("Party"), []);
});

const kvValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.integer(),
    fc.constantFrom<unknown>(
      1.5,
      2 ** 31,
      null,
      true,
      [],
      { $binary: "AA==" },
      { $binary: "A" },
      { $binary: "AA==", x: 1 },
    ),
    tie("list"),
  ),
  list: fc.dictionary(fc.constantFrom("a", "b", "record", "constructor", "$binary", "x y"), tie("value"), {
    maxKeys: 3,
  }),
}));

const replacement = fc.oneof(
  fc.constantFrom<unknown>(null, true, "", 0, 1, -1, 1.5, "ModeShare", "0110031f8ab2c001", "0110031F8AB2C001", []),
  kvValue.list,
  kvValue.value,
);

test("the exact JSON Schema and the reader agree on whatever is done to a request", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...requestNames),
      fc.array(fc.tuple(fc.nat(), replacement, fc.boolean()), { minLength: 0, maxLength: 3 }),
      fc.boolean(),
      (name, edits, unknown) => {
        const message = validMessage(name);
        const keys = Object.keys(message.attributes);
        for (const [index, value, remove] of edits) {
          const key = keys[index % keys.length] ?? "ThisDN";
          if (remove) Reflect.deleteProperty(message.attributes, key);
          else message.attributes[key] = value;
        }
        if (unknown) message.attributes["Extension"] = {};
        const read = readClientMessage(JSON.stringify(message));
        const valid = ajv.validate(`exact#/definitions/${name}`, JSON.parse(JSON.stringify(message)));
        assert.equal(
          read.ok,
          valid,
          `${JSON.stringify(message)} ${read.ok ? "" : read.error.message} ${ajv.errorsText()}`,
        );
      },
    ),
    { numRuns: 3000 },
  );
});
