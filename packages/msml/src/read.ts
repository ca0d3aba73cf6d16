import { fail, ok, type Result } from "@sidetone/foundation";
import { childElements, childNamed, parseXml, textOf, type XmlElement } from "@sidetone/xml";
import type { MsmlDocument, MsmlEvent, MsmlOperation, MsmlResult } from "./document.ts";
import { isConfRef } from "./identifiers.ts";
import { MAX_EVENT_VALUES, MAX_OPERATIONS } from "./limits.ts";
import { isRecorderElement } from "./read-recorder.ts";
import { readOperation } from "./read-operations.ts";
import { type MsmlRefusal, Refused } from "./refusal.ts";
import { isResponseCode } from "./response-codes.ts";

/**
 * Reads one `<msml>` document. What is refused carries the response code it is owed: RFC 5707 section 5 wants a
 * request checked as a whole before anything of it runs. Never throws.
 *
 * Forgiven: a missing `version` or 1.0, a default namespace, attributes in foreign namespaces, `id` for the `name`
 * of a conference, an undeclared `rec:`.
 */
export function readMsml(body: string | Uint8Array): Result<MsmlDocument, MsmlRefusal> {
  const xml = parseXml(body);
  if (!xml.ok) {
    const response = xml.error.code === "limit" ? 521 : 400;
    return fail({ response, description: `not readable as XML: ${xml.error.message}` });
  }
  try {
    return ok(readDocument(xml.value));
  } catch (error) {
    if (error instanceof Refused) return fail(error.refusal);
    throw error;
  }
}

function readDocument(root: XmlElement): MsmlDocument {
  if (root.name !== "msml") throw new Refused(400, `root element <${root.name}>, expected <msml>`);
  const children = childElements(root);
  const first = children[0];
  if (first === undefined) throw new Refused(403, "<msml> is empty");
  if (first.name === "result") return { kind: "result", result: readResult(first) };
  if (first.name === "event") return { kind: "event", event: readEvent(first) };
  if (children.length > MAX_OPERATIONS) throw new Refused(521, `more than ${MAX_OPERATIONS} operations`);
  const operations: MsmlOperation[] = children.map(readOperation);
  return { kind: "request", operations };
}

function readResult(el: XmlElement): MsmlResult {
  const response = Number(el.attributes.get("response"));
  if (!isResponseCode(response)) throw new Refused(410, `<result response="${el.attributes.get("response") ?? ""}">`);
  const mark = el.attributes.get("mark");
  const description = childNamed(el, "description");
  const children = childElements(el);
  return {
    response,
    ...(mark === undefined ? {} : { mark }),
    ...(description === undefined ? {} : { description: textOf(description) }),
    confIds: children
      .filter((child) => child.name === "confid")
      .map(textOf)
      .filter(isConfRef),
    dialogIds: children.filter((child) => child.name === "dialogid").map(textOf),
    recorderIds: children.filter((child) => child.name === "recorderid" && isRecorderElement(child)).map(textOf),
  };
}

function readEvent(el: XmlElement): MsmlEvent {
  const name = el.attributes.get("name");
  if (name === undefined) throw new Refused(408, "<event> needs the attribute name");
  const id = el.attributes.get("id");
  if (id === undefined) throw new Refused(408, "<event> needs the attribute id");
  const values: [string, string][] = [];
  let pending: string | undefined;
  for (const child of childElements(el)) {
    if (child.name === "name") {
      if (pending !== undefined) values.push([pending, ""]);
      pending = textOf(child);
    } else if (child.name === "value" && pending !== undefined) {
      values.push([pending, textOf(child)]);
      pending = undefined;
    }
    if (values.length > MAX_EVENT_VALUES) throw new Refused(521, `more than ${MAX_EVENT_VALUES} values`);
  }
  if (pending !== undefined) values.push([pending, ""]);
  return { name, id, values };
}
