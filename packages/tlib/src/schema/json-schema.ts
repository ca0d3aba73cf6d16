import type { TSchema } from "typebox";
import { BASE64_PATTERN } from "./kv-list.ts";
import { messageSchemas } from "./message-schemas.ts";
import type { MessageSchema } from "./message-schemas.ts";
import { callShape, KNOWN_VALUES_MARK, KV_LIST_MARK, partyShape } from "./shapes.ts";

/**
 * `generators`: what common generators of Java and Python understand, a KVList is an opaque map and an enumeration a
 * plain string. `exact`: what a server accepts, with the recursive KVList and the requests' closed enumerations.
 */
export type SchemaForm = "generators" | "exact";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Definitions that several messages share, by the identity of their source. */
const shared: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [callShape, "Call"],
  [partyShape, "Party"],
]);

/** The published JSON Schema, draft-07: one definition per message, and any message at the top. */
export function jsonSchema(form: SchemaForm = "generators"): object {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "TLibMessage",
    description: "T-Library on the wire, version 1: any message of a client or a server",
    oneOf: [...messageSchemas.keys()].map((name) => ({ $ref: `#/definitions/${name}` })),
    definitions: definitions(form, "#/definitions/"),
  };
}

/** Every message and every shape that they share; references begin with `prefix`. */
export function definitions(form: SchemaForm, prefix: string): { readonly [name: string]: object } {
  const made: [string, JsonObject][] = [
    ["Party", render(partyShape, form, prefix, true)],
    ["Call", render(callShape, form, prefix, true)],
  ];
  if (form === "exact") made.push(["KVList", exactList(prefix)], ["KVValue", exactValue(prefix)]);
  for (const schema of messageSchemas.values()) made.push([schema.name, messageDefinition(schema, form, prefix)]);
  return Object.fromEntries(made);
}

const envelopes = {
  request: {
    ack: { type: "integer", minimum: 0, description: "Every message of the server up to this seq has been processed" },
  },
  event: {
    seq: { type: "integer", minimum: 1, description: "Counts the server's messages to this session, without gaps" },
    time: {
      type: "string",
      pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$",
      description: "RFC 3339 UTC with microseconds",
    },
  },
  control: {},
} as const satisfies Record<MessageSchema["kind"], Record<string, JsonObject>>;

function messageDefinition(schema: MessageSchema, form: SchemaForm, prefix: string): JsonObject {
  const envelope = envelopes[schema.kind];
  return {
    title: schema.name,
    type: "object",
    required: ["message", ...(schema.kind === "event" ? Object.keys(envelope) : []), "attributes"],
    properties: {
      message: { type: "string", const: schema.name },
      ...envelope,
      attributes: render(schema.attributes, form, prefix, true),
    },
    ...(schema.kind === "request" ? { additionalProperties: false } : {}),
  };
}

const listDescription = "Keys and values: string, integer of 32 bits, {$binary: base64}, or a list of the same kind";
/** A prototype key is reserved at every level; `$binary` marks bytes, so it is no key of a list. */
const listKeys: JsonObject = { not: { enum: ["__proto__", "$binary"] } };

function exactList(prefix: string): JsonObject {
  return {
    type: "object",
    description: listDescription,
    propertyNames: listKeys,
    additionalProperties: { $ref: `${prefix}KVValue` },
  };
}

function exactValue(prefix: string): JsonObject {
  return {
    description: "A value of a KVList",
    anyOf: [
      { type: "string" },
      { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
      {
        type: "object",
        required: ["$binary"],
        properties: { $binary: { type: "string", pattern: BASE64_PATTERN } },
        additionalProperties: false,
      },
      { $ref: `${prefix}KVList` },
    ],
  };
}

/** A TypeBox schema as plain JSON Schema; `whole` writes out a shared shape instead of referring to it. */
function render(schema: TSchema, form: SchemaForm, prefix: string, whole = false): JsonObject {
  const name = shared.get(schema);
  if (name !== undefined && !whole) return { $ref: `${prefix}${name}` };
  if (KV_LIST_MARK in schema) {
    const { description } = schema as { readonly description?: string };
    const described = description === undefined ? {} : { description };
    if (form === "generators") return { type: "object", ...described, additionalProperties: true };
    // A $ref hides what stands beside it in draft-07.
    return { ...described, allOf: [{ $ref: `${prefix}KVList` }] };
  }
  return renderKeywords(schema, form, prefix);
}

function renderKeywords(schema: TSchema, form: SchemaForm, prefix: string): JsonObject {
  const made: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith("~") || key === KNOWN_VALUES_MARK) continue;
    if (key === "enum" && form === "generators") continue;
    if (key === "properties") {
      const properties = Object.entries(value as Record<string, TSchema>);
      made[key] = Object.fromEntries(properties.map(([name, inner]) => [name, render(inner, form, prefix)]));
    } else if (key === "items") made[key] = render(value as TSchema, form, prefix);
    else made[key] = value as Json;
  }
  const note = valuesNote(schema, form);
  if (note !== undefined)
    made["description"] = `${(schema as { readonly description?: string }).description ?? ""} (${note})`;
  return made;
}

function valuesNote(schema: TSchema, form: SchemaForm): string | undefined {
  const marked = schema as { readonly [KNOWN_VALUES_MARK]?: readonly string[]; readonly enum?: readonly string[] };
  const known = marked[KNOWN_VALUES_MARK];
  if (known !== undefined) return `known: ${known.join(", ")}; others may come`;
  if (marked.enum !== undefined && form === "generators") return `one of ${marked.enum.join(", ")}`;
  return undefined;
}
