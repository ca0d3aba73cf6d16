import { nearestName } from "@sidetone/foundation";
import { Compile } from "typebox/compile";
import type { TSchema } from "typebox";
import { kvListViolation } from "./kv-list.ts";
import { MAX_NAMES_COMPARED } from "./limits.ts";
import { messageSchemas } from "./message-schemas.ts";
import type { MessageSchema } from "./message-schemas.ts";
import { quoted } from "./violation.ts";
import type { Violation } from "./violation.ts";

/** The first mistake in a message's attributes; undefined where there is none. */
type Validator = (attributes: object) => Violation | undefined;

/** Compiled when a message first comes: a server of desktops never meets half of them. */
const compiled = new Map<string, Validator>();
const singles = new Map<TSchema, (value: unknown) => boolean>();

/** The validator of a message's attributes; undefined for a message that the contract does not know. */
export function validatorOf(message: string): Validator | undefined {
  const known = compiled.get(message);
  if (known !== undefined) return known;
  const schema = messageSchemas.get(message);
  if (schema === undefined) return undefined;
  const made = validator(schema);
  compiled.set(message, made);
  return made;
}

/** Compiles what is not compiled yet, so that the first message of a kind does not wait for it. */
export function compileAll(names: Iterable<string> = messageSchemas.keys()): void {
  for (const name of names) validatorOf(name);
}

function validator(schema: MessageSchema): Validator {
  const whole = Compile(schema.attributes);
  return (attributes) => {
    if (!whole.Check(attributes)) return explain(schema, attributes);
    for (const list of schema.lists) {
      const value: unknown = Reflect.get(attributes, list);
      const problem = value === undefined ? undefined : kvListViolation(value, list);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** Why `attributes` failed: first what is unknown, as it is often what is missing, misspelt. */
function explain(schema: MessageSchema, attributes: object): Violation {
  if (schema.kind === "request") {
    for (const name of Object.keys(attributes)) {
      if (!schema.properties.has(name)) return { attribute: undefined, reason: unknownAttribute(schema, name) };
    }
  }
  for (const name of schema.required) {
    if (Object.hasOwn(attributes, name)) continue;
    const given = Object.keys(attributes).slice(0, MAX_NAMES_COMPARED);
    const meant = given.find((key) => !schema.properties.has(key) && nearestName(key, [name]) !== undefined);
    const hint = meant === undefined ? "" : `; is it what ${quoted(meant)} stands for?`;
    return { attribute: name, reason: `is missing: ${schema.name} needs it${hint}` };
  }
  for (const [name, property] of schema.properties) {
    const value: unknown = Reflect.get(attributes, name);
    if (Object.hasOwn(attributes, name) && !check(property, value)) {
      return { attribute: name, reason: `must be ${expectation(property, value)}` };
    }
  }
  return { attribute: undefined, reason: `the attributes of ${schema.name} are not as the schema says` };
}

function unknownAttribute(schema: MessageSchema, name: string): string {
  const near = nearestName(name, schema.properties.keys());
  const hint = near === undefined ? `its attributes are ${[...schema.properties.keys()].join(", ")}` : `is it ${near}?`;
  return `${schema.name} has no attribute ${quoted(name)}; ${hint}`;
}

function check(schema: TSchema, value: unknown): boolean {
  let single = singles.get(schema);
  if (single === undefined) {
    const made = Compile(schema);
    single = (candidate) => made.Check(candidate);
    singles.set(schema, single);
  }
  return single(value);
}

/** What a schema admits, in words. */
function expectation(schema: TSchema, value: unknown): string {
  const {
    type,
    enum: values,
    pattern,
    minLength,
    minimum,
    maximum,
  } = schema as {
    readonly type?: string;
    readonly enum?: readonly string[];
    readonly pattern?: string;
    readonly minLength?: number;
    readonly minimum?: number;
    readonly maximum?: number;
  };
  if (values !== undefined) {
    const near = typeof value === "string" ? nearestName(value, values) : undefined;
    return `one of ${values.join(", ")}${near === undefined ? "" : `; is it ${near}?`}`;
  }
  if (pattern !== undefined) return `a string like ${pattern}`;
  if (minLength !== undefined) return "a string that is not empty";
  if (type === "integer") return `an integer from ${minimum} to ${maximum}`;
  if (type === "array") return "an array of the contract's shape";
  if (type === "object") return "a JSON object";
  return `a ${type}`;
}
