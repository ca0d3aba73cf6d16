import { fail, ok, type Result } from "@sidetone/foundation";
import { childNamed, defaultXmlLimits, parseXml, textOf } from "@sidetone/xml";
import type { AuditResult } from "./audit.ts";
import type { DialogScript } from "./dialog.ts";
import type { MsmlDocument, MsmlEvent, MsmlOperation, MsmlResult } from "./document.ts";
import { ElementReader, isRecorderElement } from "./element-reader.ts";
import { isConfRef } from "./identifiers.ts";
import { MAX_AUDIT_RESULTS, MAX_EVENT_VALUES, MAX_OPERATIONS } from "./limits.ts";
import { present } from "./present.ts";
import { readAuditResult } from "./read-audit.ts";
import { readMomlElement } from "./read-dialog.ts";
import { readOperation } from "./read-operations.ts";
import { type Deviation, Reading, type ReadingMode } from "./reading.ts";
import { type MsmlRefusal, Refused, shortened } from "./refusal.ts";
import { isResponseCode } from "./response-codes.ts";

/** How to read. */
export interface ReadOptions {
  /** Default lenient; `docs/msml.md` lists what is forgiven. */
  readonly mode?: ReadingMode;
}

/**
 * Reads one `<msml>` document. What is refused carries the response code it is owed: RFC 5707 section 5 wants a
 * request checked as a whole before anything of it runs. Never throws.
 */
export function readMsml(
  body: string | Uint8Array,
  { mode = "lenient" }: ReadOptions = {},
): Result<MsmlDocument, MsmlRefusal> {
  return readBody(body, mode, readDocument).read;
}

/** What reading a document showed. */
export interface ConformanceReport {
  /** The document, or why it is refused also in lenient reading. */
  readonly read: Result<MsmlDocument, MsmlRefusal>;
  /** What strict reading would refuse, in document order, up to a refusal. */
  readonly deviations: readonly Deviation[];
}

/** Reads a document leniently, and lists where it departs from RFC 5707. Never throws. */
export function checkMsml(body: string | Uint8Array): ConformanceReport {
  const { read, deviations } = readBody(body, "lenient", readDocument);
  const declared = parseXml(body, defaultXmlLimits, { undeclaredPrefixes: "refused" });
  if (declared.ok || (!read.ok && read.error.place === "")) return { read, deviations };
  const undeclared: Deviation = {
    response: 400,
    place: "",
    reason: `a prefix is not declared: ${declared.error.message}`,
    remedy: "declare it with xmlns",
  };
  return { read, deviations: [undeclared, ...deviations] };
}

/** Reads a dialog description that was fetched (RFC 5707 9.7.6). What is no XML is 424; else the codes of an inline one. */
export function readMoml(
  body: string | Uint8Array,
  { mode = "lenient" }: ReadOptions = {},
): Result<DialogScript, MsmlRefusal> {
  const { read } = readBody(body, mode, (root) => {
    if (!root.is("moml")) throw root.refused(425, "is the root element", "put the dialog into <moml>");
    return readMomlElement(root);
  });
  if (read.ok || read.error.response !== 400) return read;
  return fail({ ...read.error, response: 424 });
}

function readBody<T>(
  body: string | Uint8Array,
  mode: ReadingMode,
  readRoot: (root: ElementReader) => T,
): { readonly read: Result<T, MsmlRefusal>; readonly deviations: readonly Deviation[] } {
  const xml = parseXml(body, defaultXmlLimits, { undeclaredPrefixes: mode === "strict" ? "refused" : "forgiven" });
  if (!xml.ok) {
    const tooLarge = xml.error.code === "limit";
    const { refusal } = new Refused({
      response: tooLarge ? 521 : 400,
      place: "",
      reason: `not readable as XML: ${xml.error.message}`,
      remedy: tooLarge ? "send less at once" : "send well-formed XML 1.0 in UTF-8 without DOCTYPE",
    });
    return { read: fail(refusal), deviations: [] };
  }
  const reading = new Reading(mode, xml.value.ns);
  try {
    const value = readRoot(new ElementReader(xml.value, shortened(xml.value.name), reading));
    return { read: ok(value), deviations: reading.deviations };
  } catch (error) {
    if (error instanceof Refused) return { read: fail(error.refusal), deviations: reading.deviations };
    throw error;
  }
}

function readDocument(root: ElementReader): MsmlDocument {
  if (root.name !== "msml" || isRecorderElement(root.element)) {
    throw root.refused(400, "is the root element", "put the request into <msml>");
  }
  checkRoot(root);
  const children = root.children();
  const first = children[0];
  if (first === undefined) throw root.refused(403, "is empty", "put a request into it");
  if (first.is("result")) return { kind: "result", result: readResult(first, children.slice(1)) };
  if (first.is("event")) return { kind: "event", event: readEvent(first) };
  if (children.length > MAX_OPERATIONS) {
    throw root.refused(521, `has more than ${MAX_OPERATIONS} operations`, "send several requests");
  }
  const operations: MsmlOperation[] = children.map((child) => readOperation(child, root));
  return { kind: "request", operations };
}

function checkRoot(root: ElementReader): void {
  const version = root.optional("version");
  if (version !== "1.1") {
    root.deviation(version === undefined ? 408 : 410, "has not version 1.1", 'say version="1.1"');
  }
  if (root.element.ns !== "") {
    root.deviation(401, `is in the namespace ${shortened(root.element.ns)}`, "RFC 5707 has none: leave it out");
  }
  // Declared for others, and without meaning here.
  root.optional("{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation");
  root.done();
}

/** `siblings`: the RFC's own examples have the ids beside `<result>` (erratum 4961). */
function readResult(el: ElementReader, siblings: readonly ElementReader[]): MsmlResult {
  const response = Number(el.required("response", "a response code"));
  if (!isResponseCode(response))
    throw el.invalid("response", el.element.attributes.get("response") ?? "", "a response code");
  const mark = el.optional("mark");
  const description = childNamed(el.element, "description");
  for (const sibling of siblings) sibling.deviation(404, "stands beside <result>", "move it into <result>");
  const children = [...el.children(), ...siblings];
  const texts = (name: string): string[] =>
    children.filter((child) => child.is(name)).map(({ element }) => textOf(element));
  const results = children.filter((child) => child.is("auditresult"));
  if (results.length > MAX_AUDIT_RESULTS) {
    throw el.refused(521, `has more than ${MAX_AUDIT_RESULTS} <auditresult>`, "audit fewer objects at once");
  }
  const audits: AuditResult[] = results.map(readAuditResult);
  return {
    response,
    ...present({ mark, description: description === undefined ? undefined : textOf(description) }),
    confIds: texts("confid").filter(isConfRef),
    dialogIds: texts("dialogid"),
    recorderIds: children.flatMap(({ name, element }) =>
      name === "recorderid" && isRecorderElement(element) ? [textOf(element)] : [],
    ),
    ...(audits.length === 0 ? {} : { audits }),
  };
}

function readEvent(el: ElementReader): MsmlEvent {
  const name = el.required("name", "the event's name");
  const id = el.required("id", "where it comes from");
  const values: [string, string][] = [];
  let pending: string | undefined;
  for (const child of el.children()) {
    if (child.name === "name") {
      if (pending !== undefined) values.push([pending, ""]);
      pending = textOf(child.element);
    } else if (child.name === "value" && pending !== undefined) {
      values.push([pending, textOf(child.element)]);
      pending = undefined;
    }
    if (values.length > MAX_EVENT_VALUES)
      throw el.refused(521, `has more than ${MAX_EVENT_VALUES} values`, "send fewer");
  }
  if (pending !== undefined) values.push([pending, ""]);
  return { name, id, values };
}
