import { childElements, type XmlElement } from "@sidetone/xml";
import { isConnRef } from "./identifiers.ts";
import { MAX_BACKFILL_MS, MAX_PARAM, MAX_PARAMS, MAX_STREAMS } from "./limits.ts";
import { type RecorderCommand, recorderNamespace, recorderStates, type RecorderStream } from "./recorder.ts";
import { Attributes, Refused } from "./refusal.ts";

/** True for an element of our namespace; the undeclared prefix `rec:` of hand-built bodies is forgiven. */
export function isRecorderElement(el: XmlElement): boolean {
  return el.ns === recorderNamespace || (el.ns === "" && el.prefix === "rec");
}

/** `<rec:recorder>` inside `<modifyconference>`. */
export function readRecorder(el: XmlElement): RecorderCommand {
  if (el.name !== "recorder") throw new Refused(401, `<rec:${el.name}> is not known`);
  const attributes = new Attributes(el);
  const state = attributes.oneOf("state", recorderStates);
  if (state === undefined) attributes.required("state");
  const initial = attributes.oneOf("initial", ["recording", "paused"]);
  const backfillMs = attributes.integer("backfill-ms", 0, MAX_BACKFILL_MS);
  const epoch = attributes.integer("epoch", 0, Number.MAX_SAFE_INTEGER);
  attributes.done();
  const forbidden = (name: string): Refused => new Refused(409, `<rec:recorder state="${state}"> may not have ${name}`);
  if (initial !== undefined && state !== "start") throw forbidden("initial");
  if (backfillMs !== undefined && state !== "start" && state !== "resume") throw forbidden("backfill-ms");

  const params = new Map<string, string>();
  const userParams = new Map<string, string>();
  const streams: RecorderStream[] = [];
  for (const child of childElements(el)) {
    if (!isRecorderElement(child)) throw new Refused(404, `<${child.name}> does not belong into <rec:recorder>`);
    if (child.name === "param") readParam(child, params);
    else if (child.name === "user-param") readParam(child, userParams);
    else if (child.name === "stream") streams.push(readStream(child));
    else throw new Refused(401, `<rec:${child.name}> is not known`);
    if (streams.length > MAX_STREAMS) throw new Refused(521, `more than ${MAX_STREAMS} <rec:stream>`);
  }
  return {
    state: state ?? "start",
    ...(initial === undefined ? {} : { initial }),
    ...(backfillMs === undefined ? {} : { backfillMs }),
    ...(epoch === undefined ? {} : { epoch }),
    params,
    userParams,
    streams,
  };
}

function readParam(el: XmlElement, into: Map<string, string>): void {
  const attributes = new Attributes(el);
  const name = attributes.required("name");
  const value = attributes.required("value");
  attributes.done();
  if (name.length === 0 || name.length > MAX_PARAM) throw attributes.invalid("name", name, "a name");
  if (value.length > MAX_PARAM) throw attributes.invalid("value", value, `at most ${MAX_PARAM} characters`);
  if (into.size >= MAX_PARAMS) throw new Refused(521, `more than ${MAX_PARAMS} <rec:${el.name}>`);
  into.set(name, value);
}

function readStream(el: XmlElement): RecorderStream {
  const attributes = new Attributes(el);
  const label = attributes.required("label");
  const side = attributes.oneOf("side", ["customer", "agent"]);
  if (side === undefined) throw new Refused(408, "<rec:stream> needs the attribute side");
  const conn = attributes.requiredAs("conn", isConnRef, "conn:TAG");
  const aor = attributes.optional("aor");
  const dn = attributes.optional("dn");
  const name = attributes.optional("name");
  attributes.done();
  if (label.length === 0 || label.length > MAX_PARAM) throw attributes.invalid("label", label, "a label");
  return {
    label,
    side,
    conn,
    ...(aor === undefined ? {} : { aor }),
    ...(dn === undefined ? {} : { dn }),
    ...(name === undefined ? {} : { name }),
  };
}
