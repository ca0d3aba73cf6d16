import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { attributeSchemas } from "./attributes.ts";
import { errorCodes, eventNames, requestNames, responsesOf } from "./index.ts";
import { messageSchemas } from "./message-schemas.ts";
import { KNOWN_VALUES_MARK, KV_LIST_MARK } from "./shapes.ts";

const text = readFileSync(new URL("contract-tables.fixture.txt", import.meta.url), "utf8");
const callAttributes = words(text.split("\n").find((line) => line.startsWith('"call attributes" =')) ?? "");

/** Rows of the contract's table under a heading, without its head. */
function rows(heading: string): readonly (readonly string[])[] {
  const start = text.indexOf(`## ${heading}\n`);
  const end = text.indexOf("\n## ", start + 1);
  const lines = text.slice(start, end < 0 ? undefined : end).split("\n");
  const table = lines.filter((line) => line.startsWith("|")).slice(2);
  return table.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function words(cell: string): string[] {
  return cell.match(/\b[A-Z]\w+/g) ?? [];
}

function backquoted(cell: string): string[] {
  return Array.from(cell.matchAll(/`(\w+)`/g), (match) => match[1] ?? "");
}

function attributesOf(name: string): { required: string[]; all: string[] } {
  const schema = messageSchemas.get(name);
  return { required: (schema?.required ?? []).toSorted(), all: [...(schema?.properties.keys() ?? [])].toSorted() };
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

test("tlib-wire.md, Requests: required and optional attributes and direct responses are the contract's", () => {
  const seen: string[] = [];
  for (const [names = "", required = "", optional = "", answers = ""] of rows("Requests and their direct responses")) {
    const requests = backquoted(names);
    for (const [index, name] of requests.entries()) {
      seen.push(name);
      // "DataKey / -": the second of the two requests has none.
      const requiredHere = name === "RequestDeleteUserData" ? required.replace("DataKey", "") : required;
      const needed = ["ReferenceID", ...words(requiredHere)];
      assert.deepEqual(
        attributesOf(name),
        { required: sorted(needed), all: sorted([...needed, ...words(optional)]) },
        name,
      );
      const events = backquoted(answers);
      const own = answers.includes("` / `") ? events.slice(index, index + 1) : events;
      const expected = answers === "the same" ? ["EventAttachedDataChanged", "EventACK"] : own;
      const common = new Set(responsesOf.get(name as (typeof requestNames)[number]));
      assert.deepEqual(common, new Set(expected), name);
    }
  }
  assert.deepEqual(sorted(seen), sorted(requestNames));
});

/** What "Session" 5 asks for beside the table: a snapshot that does not fit is continued. */
const continued = new Set(["EventRegistered", "EventAddressInfo"]);

test("tlib-wire.md, Events: required and optional attributes are the contract's", () => {
  const seen: string[] = [];
  for (const [names = "", required = "", optional = ""] of rows("Events")) {
    for (const name of backquoted(names)) {
      seen.push(name);
      const needed = new Set(["EventSequenceNumber", ...words(required)]);
      // The continuation is no direct response.
      if (name === "EventAddressInfo") needed.delete("ReferenceID");
      const more = optional.includes("call attributes") ? callAttributes : [];
      const all = [
        ...needed,
        "ReferenceID",
        ...words(optional),
        ...more,
        ...(continued.has(name) ? ["MoreCalls"] : []),
      ];
      assert.deepEqual(attributesOf(name), { required: sorted(needed), all: sorted(all) }, name);
    }
  }
  assert.deepEqual(sorted(seen), sorted(eventNames));
});

test("tlib-wire.md, Attributes: name and JSON type are the contract's", () => {
  const schemas: ReadonlyMap<string, object> = new Map(Object.entries(attributeSchemas));
  const seen: string[] = [];
  for (const [name = "", type = ""] of rows("Attributes").map(([first = "", ...rest]) => [
    backquoted(first)[0],
    ...rest,
  ])) {
    seen.push(name);
    if (name === "ApplicationName") continue; // stands in SessionOpen alone
    const schema = schemas.get(name) as Readonly<Record<string, unknown>>;
    assert.ok(schema, name);
    const isList = type === "KVList";
    assert.equal(schema["type"], isList ? "object" : type.split(" ")[0], name);
    assert.equal(KV_LIST_MARK in schema, isList, name);
    assert.equal(schema["pattern"], /\/(.*)\//.exec(type)?.[1], name);
    if (type === "string enum") assert.ok("enum" in schema || KNOWN_VALUES_MARK in schema, name);
  }
  // The request table and "Session" 5 name these two.
  assert.deepEqual(sorted([...seen, "AgentPassword", "MoreCalls"]), sorted([...schemas.keys(), "ApplicationName"]));
});

test("tlib-wire.md, Errors: names and codes are the contract's", () => {
  assert.deepEqual(
    rows("Errors").map(([code, name]) => [name, Number(code)]),
    Object.entries(errorCodes),
  );
});
