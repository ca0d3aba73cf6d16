import { type ElementReader, isRecorderElement } from "./element-reader.ts";
import { isConnRef } from "./identifiers.ts";
import { MAX_BACKFILL_MS, MAX_PARAM, MAX_PARAMS, MAX_STREAMS } from "./limits.ts";
import { present } from "./present.ts";
import {
  type AlertTone,
  defaultAlertTone,
  type RecorderCommand,
  type RecorderStream,
  recorderStates,
  type Side,
} from "./recorder.ts";

/** `<rec:recorder>` inside `<modifyconference>`. */
export function readRecorder(el: ElementReader): RecorderCommand {
  const state = el.oneOf("state", recorderStates);
  if (state === undefined) throw el.missing("state", recorderStates.join(", "));
  const initial = el.oneOf("initial", ["recording", "paused"]);
  const backfillMs = el.integer("backfill-ms", 0, MAX_BACKFILL_MS);
  const epoch = el.integer("epoch", 0, Number.MAX_SAFE_INTEGER);
  el.done();
  const forbidden = (name: string, instead: string) =>
    el.refused(409, `state="${state}" may not have ${name}`, `say it with ${instead}`);
  if (initial !== undefined && state !== "start") throw forbidden("initial", "start");
  if (backfillMs !== undefined && state !== "start" && state !== "resume") {
    throw forbidden("backfill-ms", "start or resume");
  }

  const params = new Map<string, string>();
  const userParams = new Map<string, string>();
  const streams: RecorderStream[] = [];
  let alertTone: AlertTone | "off" | undefined;
  for (const child of el.children()) {
    if (!isRecorderElement(child.element))
      throw child.refused(404, "does not belong into <rec:recorder>", "leave it out");
    if (child.name === "param") readParam(child, params);
    else if (child.name === "user-param") readParam(child, userParams);
    else if (child.name === "stream") streams.push(readStream(child));
    else if (child.name === "alert-tone") {
      if (state !== "start" && state !== "update") throw forbidden("<rec:alert-tone>", "start or update");
      if (alertTone !== undefined) throw child.refused(404, "is there twice", "leave one of them out");
      alertTone = readAlertTone(child);
    } else throw child.misplaced(el);
    if (streams.length > MAX_STREAMS) throw el.refused(521, `has more than ${MAX_STREAMS} <rec:stream>`, "name fewer");
  }
  return { ...present({ state, initial, backfillMs, epoch }), params, userParams, streams, ...present({ alertTone }) };
}

function readParam(el: ElementReader, into: Map<string, string>): void {
  const name = el.required("name", "the parameter's name");
  const value = el.required("value", "the parameter's value");
  el.done();
  el.empty();
  if (name.length === 0 || name.length > MAX_PARAM) throw el.invalid("name", name, "a name");
  if (value.length > MAX_PARAM) throw el.invalid("value", value, `at most ${MAX_PARAM} characters`);
  if (into.size >= MAX_PARAMS) throw el.refused(521, `is there more than ${MAX_PARAMS} times`, "send fewer");
  into.set(name, value);
}

function readStream(el: ElementReader): RecorderStream {
  const label = el.required("label", "the stream's label");
  const side = el.oneOf("side", ["customer", "agent"]);
  if (side === undefined) throw el.missing("side", "customer or agent");
  const conn = el.requiredAs("conn", isConnRef, "conn:TAG");
  const aor = el.optional("aor");
  const dn = el.optional("dn");
  const name = el.optional("name");
  el.done();
  el.empty();
  if (label.length === 0 || label.length > MAX_PARAM) throw el.invalid("label", label, "a label");
  return present({ label, side, conn, aor, dn, name });
}

/** `every="0s"` is off. */
function readAlertTone(el: ElementReader): AlertTone | "off" {
  const everyMs = el.time("every", "s");
  if (everyMs === undefined) throw el.missing("every", "how often, e.g. 15s; 0s for none");
  const durationMs = el.time("duration", "ms") ?? defaultAlertTone.durationMs;
  const frequencyHz = el.integer("frequency", 1, 3999) ?? defaultAlertTone.frequencyHz;
  const said = el.optional("file");
  const file = said === "" ? undefined : said;
  const sides = sidesOf(el);
  const recorded = el.flag("recorded") ?? defaultAlertTone.recorded;
  el.done();
  el.empty();
  if (everyMs === 0) return "off";
  if (everyMs < 1000) throw el.invalid("every", `${everyMs}ms`, "0s, or at least 1s");
  if (durationMs < 10 || durationMs >= everyMs)
    throw el.invalid("duration", `${durationMs}ms`, "10ms to less than every");
  if ((file?.length ?? 0) > MAX_PARAM) throw el.invalid("file", file ?? "", "a URI");
  return { ...present({ everyMs, durationMs, frequencyHz, file }), sides, recorded };
}

function sidesOf(el: ElementReader): readonly Side[] {
  const text = el.optional("sides");
  if (text === undefined) return defaultAlertTone.sides;
  const said = new Set(text.split(/\s+/).filter((side) => side !== ""));
  const sides = defaultAlertTone.sides.filter((side) => said.delete(side));
  if (said.size > 0 || sides.length === 0) throw el.invalid("sides", text, "customer, agent or both");
  return sides;
}
