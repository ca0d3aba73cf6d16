import { element, writeXml, type XmlElement } from "@sidetone/xml";
import { dialogType } from "./dialog.ts";
import type { MsmlDocument, MsmlEvent, MsmlOperation, MsmlResult, Reserve, SendTarget } from "./document.ts";
import { dialogOf } from "./identifiers.ts";
import { recorderNamespace } from "./recorder.ts";
import { auditResultElement, statesText } from "./write-audit.ts";
import { listText } from "./write-attributes.ts";
import { stepElement } from "./write-dialog.ts";
import { mixElement } from "./write-mixer.ts";
import { recorderElement } from "./write-recorder.ts";
import { streamElement } from "./write-streams.ts";

/** Writes a document as the body of an INFO or of its 200. */
export function writeMsml(document: MsmlDocument): string {
  switch (document.kind) {
    case "request":
      return wrap(document.operations.map(operationElement));
    case "result":
      return wrap([resultElement(document.result)]);
    case "event":
      return wrap([eventElement(document.event)]);
  }
}

function wrap(children: readonly XmlElement[]): string {
  return writeXml(element("msml", { attributes: { version: "1.1" }, children }));
}

function operationElement(operation: MsmlOperation): XmlElement {
  const { op, mark } = operation;
  switch (op) {
    case "send": {
      const { event, target, values } = operation;
      return element(op, { attributes: { event, target: targetText(target), valuelist: listText(values), mark } });
    }
    case "createconference": {
      const { name, deleteWhen, term, audiomix, reserve } = operation;
      const attributes = { name, deletewhen: deleteWhen, term: String(term), mark };
      return element(op, { attributes, children: [mixElement(audiomix), reserveElement(reserve)] });
    }
    case "modifyconference": {
      const { id, audiomix, recorder } = operation;
      const children = [mixElement(audiomix), recorder === undefined ? undefined : recorderElement(recorder)];
      return element(op, { attributes: { id, mark }, children });
    }
    case "destroyconference":
      return element(op, { attributes: { id: operation.id, mark }, children: [mixElement(operation.audiomix)] });
    case "join":
    case "modifystream":
    case "unjoin": {
      const { id1, id2, streams } = operation;
      return element(op, { attributes: { id1, id2, mark }, children: streams.map(streamElement) });
    }
    case "monitor": {
      const { id1, id2, compressed } = operation;
      return element(op, { attributes: { id1, id2, compressed: compressed ? "true" : undefined, mark } });
    }
    case "dialogstart": {
      const { target, name, content } = operation;
      const src = content.kind === "external" ? content.src : undefined;
      const children = content.kind === "inline" ? content.script.map(stepElement) : [];
      return element(op, { attributes: { target, name, src, type: dialogType, mark }, children });
    }
    case "dialogend":
      return element(op, { attributes: { id: operation.id, mark } });
    case "audit": {
      const { query, states } = operation;
      return element(op, { attributes: { queryid: query, statelist: statesText(query, states), mark } });
    }
  }
}

function targetText({ root, dialog, primitive }: SendTarget): string {
  if (dialog === undefined) return root;
  return primitive === undefined ? dialogOf(root, dialog) : `${dialogOf(root, dialog)}/${primitive}`;
}

function reserveElement(reserve: Reserve | undefined): XmlElement | undefined {
  if (reserve === undefined) return undefined;
  const children = reserve.resources.map(({ n, type, elements }) =>
    element("resource", { attributes: { n: String(n), type }, children: elements.map((name) => element(name)) }),
  );
  return element("reserve", { attributes: { required: String(reserve.required) }, children });
}

function resultElement(result: MsmlResult): XmlElement {
  const { response, mark, description, confIds, dialogIds, recorderIds, audits = [] } = result;
  return element("result", {
    attributes: { response: String(response), mark },
    children: [
      description === undefined ? undefined : element("description", { children: [description] }),
      ...confIds.map((id) => element("confid", { children: [id] })),
      ...dialogIds.map((id) => element("dialogid", { children: [id] })),
      ...recorderIds.map((id) => element("recorderid", { ns: recorderNamespace, prefix: "rec", children: [id] })),
      ...audits.map(auditResultElement),
    ],
  });
}

function eventElement(event: MsmlEvent): XmlElement {
  const children = event.values.flatMap(([name, value]) => [
    element("name", { children: [name] }),
    element("value", { children: [value] }),
  ]);
  return element("event", { attributes: { name: event.name, id: event.id }, children });
}
