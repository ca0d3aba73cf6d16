import { isMap, isNode, isScalar, isSeq, type YAMLMap } from "yaml";
import { maxDepth } from "./limits.ts";
import { nearestName } from "@sidetone/foundation";
import { type At, joinPath, kindOf, type Reader, type Reading, writtenAs } from "./reading.ts";

/** A key of a map: its reader, and what holds where it is absent. */
export interface Field<T> {
  readonly read: Reader<T>;
  readonly presence: { readonly kind: "required" } | { readonly kind: "default"; readonly value: T };
}

/** A key that must be there. */
export function required<T>(read: Reader<T>): Field<T> {
  return { read, presence: { kind: "required" } };
}

/** A key that may be left out. */
export function optional<T>(read: Reader<T>): Field<T | undefined>;
export function optional<T>(read: Reader<T>, value: T): Field<T>;
export function optional<T>(read: Reader<T>, value?: T): Field<T | undefined> {
  return { read, presence: { kind: "default", value } };
}

type Fields = Record<string, Field<unknown>>;
type Shape<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A map with known keys. Unknown keys are mistakes, with the nearest known name. */
export function object<F extends Fields>(fields: F): Reader<Shape<F>> {
  const names = Object.keys(fields);
  return (at, reading) => {
    const node = reading.resolve(at);
    if (!isMap(node)) return reading.complain(at, `must be a map of keys and values, not ${kindOf(node)}.`);
    if (tooDeep(at, reading)) return undefined;
    const values = entriesOf(node, at, reading);
    let sound = true;
    for (const [name, child] of values) {
      if (Object.hasOwn(fields, name)) continue;
      sound = false;
      const near = nearestName(name, names);
      reading.complain(
        { path: joinPath(at.path, name), node: child.key },
        near === undefined ? `is not a known key.` : `is not a known key. Did you mean "${near}"?`,
        `Known here: ${names.join(", ")}.`,
      );
    }
    const out: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const child = values.get(name);
      if (child === undefined) {
        if (field.presence.kind === "required") {
          sound = false;
          reading.complain(at, `the key "${name}" is missing.`);
        } else {
          out[name] = field.presence.value;
        }
        continue;
      }
      const value = field.read({ node: child.value, path: joinPath(at.path, name), depth: at.depth + 1 }, reading);
      if (value === undefined) sound = false;
      out[name] = value;
    }
    return sound ? (out as Shape<F>) : undefined;
  };
}

/** A map with names of the reader's own choice, in the order of the file. */
export function mapOf<T>(what: string, read: (name: string) => Reader<T>): Reader<Map<string, T>> {
  return (at, reading) => {
    const node = reading.resolve(at);
    if (!isMap(node)) return reading.complain(at, `must be a map of ${what}, not ${kindOf(node)}.`);
    if (tooDeep(at, reading)) return undefined;
    const out = new Map<string, T>();
    let sound = true;
    for (const [name, child] of entriesOf(node, at, reading)) {
      const path = joinPath(at.path, name);
      const value = read(name)({ node: child.value, path, depth: at.depth + 1 }, reading);
      if (value === undefined) sound = false;
      else out.set(name, value);
    }
    return sound ? out : undefined;
  };
}

/** A list of at least `min` values. */
export function listOf<T>(read: Reader<T>, min = 0): Reader<T[]> {
  return (at, reading) => {
    const node = reading.resolve(at);
    if (!isSeq(node)) return reading.complain(at, `must be a list, not ${kindOf(node)}.`, "Write [ one, another ].");
    if (tooDeep(at, reading)) return undefined;
    if (node.items.length < min) return reading.complain(at, `needs at least ${min} value${min === 1 ? "" : "s"}.`);
    const out: T[] = [];
    node.items.forEach((item, i) => {
      const value = read({ node: isNode(item) ? item : null, path: `${at.path}[${i}]`, depth: at.depth + 1 }, reading);
      if (value !== undefined) out.push(value);
    });
    return out.length === node.items.length ? out : undefined;
  };
}

/** One value, or a list of at least one. */
export function oneOrMore<T>(read: Reader<T>): Reader<T[]> {
  const list = listOf(read, 1);
  return (at, reading) => {
    if (isSeq(reading.resolve(at))) return list(at, reading);
    const value = read(at, reading);
    return value === undefined ? undefined : [value];
  };
}

function tooDeep(at: At, reading: Reading): boolean {
  if (at.depth < maxDepth) return false;
  reading.complain(at, `is nested more than ${maxDepth} levels deep.`);
  return true;
}

interface Entry {
  readonly key: At["node"];
  readonly value: At["node"];
}

/** The pairs of a map. A name that stands twice is a mistake (the YAML library's own check is quadratic). */
function entriesOf(map: YAMLMap, at: At, reading: Reading): Map<string, Entry> {
  const out = new Map<string, Entry>();
  for (const pair of map.items) {
    const key = isNode(pair.key) ? pair.key : null;
    if (!isScalar(key)) {
      reading.complain({ path: at.path, node: key ?? map }, "a key must be plain text.");
      continue;
    }
    // The source, so that an unquoted 0700 stays 0700.
    const name = typeof key.value === "string" ? key.value : writtenAs(key);
    if (out.has(name)) reading.complain({ path: joinPath(at.path, name), node: key }, "stands here a second time.");
    out.set(name, { key, value: isNode(pair.value) ? pair.value : key.value === null ? map : null });
  }
  return out;
}
