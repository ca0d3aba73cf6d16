// What it costs to read and check a T-Library message. Run: ./node_modules/.bin/sidetone-node bench/tlib-validate.ts
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { Ajv } from "ajv";
import { compileAll, jsonSchema, readClientMessage, readServerMessage } from "../packages/tlib/src/schema/index.ts";

const session = readFileSync(
  new URL("../packages/tlib/src/schema/sample-session.fixture.txt", import.meta.url),
  "utf8",
);
const side = (mark: string): readonly string[] =>
  session.split("\n").flatMap((line) => (line.startsWith(`${mark} `) ? [line.slice(2)] : []));
const requests = side(">");
const events = side("<");
const refused = requests
  .filter((text) => text.includes('"message":"Request'))
  .map((text) => text.replace('"ReferenceID":', '"Extension":{},"ReferenceID":'));

/** What a server would do with ajv: parse, look up, check by the exact schema. */
function ajvReader(): (text: string) => boolean {
  const schema = jsonSchema("exact") as { readonly definitions: Readonly<Record<string, object>> };
  const ajv = new Ajv({ strict: false });
  ajv.addSchema(schema, "tlib");
  const validators = new Map(
    Object.keys(schema.definitions).map((name) => [name, ajv.compile({ $ref: `tlib#/definitions/${name}` })]),
  );
  return (text) => {
    const message = JSON.parse(text) as { message: string };
    return validators.get(message.message)?.(message) === true;
  };
}

const ROUNDS = 30_000;
const RUNS = 5;

/** CPU-microseconds per message, once through. */
function run(texts: readonly string[], once: (text: string) => unknown): number {
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) once(texts[i % texts.length] ?? "");
  const used = process.cpuUsage(before);
  return (used.user + used.system) / ROUNDS;
}

/** Candidates take turns, so that what disturbs the machine disturbs all; the median of the runs is shown. */
function compare(
  title: string,
  texts: readonly string[],
  candidates: Readonly<Record<string, (text: string) => unknown>>,
) {
  const results = new Map(Object.keys(candidates).map((name): [string, number[]] => [name, []]));
  for (const once of Object.values(candidates)) run(texts, once);
  for (let i = 0; i < RUNS; i++) {
    for (const [name, once] of Object.entries(candidates)) results.get(name)?.push(run(texts, once));
  }
  const bytes = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
  console.log(`${title} (${texts.length} messages, ${bytes} bytes on average)`);
  for (const [name, times] of results) {
    const sorted = times.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const spread = `${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)}`;
    console.log(`  ${name.padEnd(28)} ${median.toFixed(2)} µs per message (${spread})`);
  }
}

const compileStart = process.cpuUsage();
compileAll();
const compiled = process.cpuUsage(compileStart);
const ajvStart = process.cpuUsage();
const ajv = ajvReader();
const ajvCompiled = process.cpuUsage(ajvStart);

console.log(`${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}, median of ${RUNS} runs in turn, CPU time`);
console.log(
  `compile all: ${Math.round((compiled.user + compiled.system) / 1000)} ms; ajv: ${Math.round((ajvCompiled.user + ajvCompiled.system) / 1000)} ms`,
);
const parse = (text: string): unknown => JSON.parse(text);
compare("client's messages", requests, { "JSON.parse alone": parse, readClientMessage, "JSON.parse + ajv": ajv });
compare("requests refused by name", refused, { "JSON.parse alone": parse, readClientMessage, "JSON.parse + ajv": ajv });
compare("server's messages", events, { "JSON.parse alone": parse, readServerMessage, "JSON.parse + ajv": ajv });
