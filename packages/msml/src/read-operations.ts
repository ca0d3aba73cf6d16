import type { MsmlOperation, Send, SendTarget } from "./document.ts";
import { type ElementReader, isRecorderElement } from "./element-reader.ts";
import { isInstanceName, isObjectRef, splitDialog } from "./identifiers.ts";
import { MAX_EVENT_NAME } from "./limits.ts";
import { present } from "./present.ts";
import { listOf } from "./read-actions.ts";
import { readAudit } from "./read-audit.ts";
import { readCreateConference, readDestroyConference, readModifyConference } from "./read-conference.ts";
import { readDialogEnd, readDialogStart } from "./read-dialog.ts";
import { readJoin, readModifyStream, readMonitor, readUnjoin } from "./read-streams.ts";

const readers: ReadonlyMap<string, (el: ElementReader) => MsmlOperation> = new Map<
  string,
  (el: ElementReader) => MsmlOperation
>([
  ["send", readSend],
  ["createconference", readCreateConference],
  ["modifyconference", readModifyConference],
  ["destroyconference", readDestroyConference],
  ["join", readJoin],
  ["modifystream", readModifyStream],
  ["unjoin", readUnjoin],
  ["monitor", readMonitor],
  ["dialogstart", readDialogStart],
  ["dialogend", readDialogEnd],
  ["audit", readAudit],
]);

/** One request element of `root`. Throws `Refused`. */
export function readOperation(el: ElementReader, root: ElementReader): MsmlOperation {
  const reader = readers.get(el.name);
  if (reader !== undefined && el.is(el.name)) return reader(el);
  if (isRecorderElement(el.element)) throw el.refused(401, "is no request", "put it into <modifyconference>");
  throw el.misplaced(root);
}

/** RFC 5707 7.2. */
function readSend(el: ElementReader): Send {
  const event = el.required("event", "the name of an event");
  if (event.length === 0 || event.length > MAX_EVENT_NAME || /\s/.test(event)) {
    throw el.invalid("event", event, "the name of an event");
  }
  const expected = "conn:TAG, conf:NAME, or a dialog of one, e.g. conn:TAG/dialog:NAME/record";
  const text = el.required("target", expected);
  const target = targetOf(text);
  if (target === undefined) throw el.invalid("target", text, expected);
  // RFC 5707 7.2 says valuelist, MSML 1.0 said namelist.
  const values = listOf(el, "valuelist", el.alias("valuelist", "namelist"));
  const mark = el.mark();
  el.done();
  el.empty();
  return { op: "send", event, target, values, ...mark };
}

function targetOf(text: string): SendTarget | undefined {
  if (isObjectRef(text)) return { root: text };
  const at = text.indexOf("/", text.indexOf("/") + 1);
  const dialog = splitDialog(at < 0 ? text : text.slice(0, at));
  if (dialog === undefined) return undefined;
  const primitive = at < 0 ? undefined : text.slice(at + 1);
  if (primitive !== undefined && !isInstanceName(primitive)) return undefined;
  return { root: dialog.root, dialog: dialog.name, ...present({ primitive }) };
}
