import Type from "typebox";
import type { TProperties, TSchema } from "typebox";
import { attributeSchemas } from "./attributes.ts";
import type { AttributeName } from "./attributes.ts";
import { controlSchemas } from "./controls.ts";
import type { ControlName } from "./controls.ts";
import { eventNames, eventTable } from "./events.ts";
import type { EventName } from "./events.ts";
import { requestNames, requestTable } from "./requests.ts";
import type { RequestName } from "./requests.ts";
import { KNOWN_VALUES_MARK, KV_LIST_MARK } from "./shapes.ts";

export type MessageName = RequestName | EventName | ControlName;

/** Of what the attributes of one message consist. */
export interface MessageSchema {
  readonly name: MessageName;
  readonly kind: "request" | "event" | "control";
  readonly required: readonly string[];
  readonly properties: ReadonlyMap<string, TSchema>;
  /** Attributes that are KVLists: their depth, size and keys are checked beside the schema. */
  readonly lists: readonly string[];
  /** The object of all; requests admit no other attribute. */
  readonly attributes: TSchema;
}

/** An event's enumeration is open: its values become a note for readers. */
function opened(schema: TSchema): TSchema {
  const { enum: values, ...rest } = schema as TSchema & { readonly enum?: readonly string[] };
  return values === undefined ? schema : { ...rest, [KNOWN_VALUES_MARK]: values };
}

function messageSchema(
  kind: "request" | "event",
  name: RequestName | EventName,
  required: readonly AttributeName[],
  optional: readonly AttributeName[],
): MessageSchema {
  const properties = new Map<string, TSchema>();
  const object: TProperties = {};
  for (const attribute of new Set([...required, ...optional])) {
    const base: TSchema = attributeSchemas[attribute];
    const schema = kind === "event" ? opened(base) : base;
    properties.set(attribute, schema);
    object[attribute] = required.includes(attribute) ? schema : Type.Optional(schema);
  }
  return {
    name,
    kind,
    required,
    properties,
    lists: [...properties].flatMap(([attribute, schema]) => (KV_LIST_MARK in schema ? [attribute] : [])),
    attributes: Type.Object(object, kind === "request" ? { additionalProperties: false } : {}),
  };
}

function controlSchema(name: ControlName): MessageSchema {
  const attributes = controlSchemas[name];
  return {
    name,
    kind: "control",
    required: (attributes as { readonly required?: readonly string[] }).required ?? [],
    properties: new Map(Object.entries<TSchema>(attributes.properties)),
    lists: [],
    attributes,
  };
}

/** Every message of the contract. */
export const messageSchemas: ReadonlyMap<string, MessageSchema> = new Map<string, MessageSchema>([
  ...(Object.keys(controlSchemas) as ControlName[]).map((name) => [name, controlSchema(name)] as const),
  ...requestNames.map((name) => {
    const { required, optional } = requestTable[name];
    return [name, messageSchema("request", name, ["ReferenceID", ...required], optional)] as const;
  }),
  ...eventNames.map((name) => {
    const { required, optional } = eventTable[name];
    const always: AttributeName[] = ["EventSequenceNumber", ...required];
    return [name, messageSchema("event", name, always, ["ReferenceID", ...optional])] as const;
  }),
]);

/** Every message of the contract: controls, requests, events. */
export const messageNames = [...messageSchemas.keys()] as readonly MessageName[];
