import { element, writeXml, type XmlElement } from "@sidetone/xml";
import { dialogType, type Play } from "./dialog.ts";
import type { MsmlDocument, MsmlEvent, MsmlOperation, MsmlResult } from "./document.ts";
import type { AudioMix, MediaStream } from "./media.ts";
import { type RecorderCommand, recorderNamespace } from "./recorder.ts";

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
    case "createconference": {
      const { name, deleteWhen, term, audiomix } = operation;
      const attributes = { name, deletewhen: deleteWhen, term: String(term), mark };
      return element(op, { attributes, children: [mixElement(audiomix)] });
    }
    case "modifyconference": {
      const { id, audiomix, recorder } = operation;
      const children = [mixElement(audiomix), recorder === undefined ? undefined : recorderElement(recorder)];
      return element(op, { attributes: { id, mark }, children });
    }
    case "destroyconference":
      return element(op, { attributes: { id: operation.id, mark } });
    case "dialogstart": {
      const { target, name, content } = operation;
      const steps = content.kind === "inline" ? content.script : [];
      const children = steps.flatMap((step) => (step.kind === "play" ? [playElement(step)] : []));
      return element(op, { attributes: { target, name, type: dialogType, mark }, children });
    }
    case "dialogend":
      return element(op, { attributes: { id: operation.id, mark } });
    case "send":
    case "audit":
    case "monitor":
      return element(op, { attributes: { mark } });
    case "join":
    case "modifystream":
    case "unjoin": {
      const { id1, id2, streams } = operation;
      return element(op, { attributes: { id1, id2, mark }, children: streams.map(streamElement) });
    }
  }
}

function playElement({ media, iterate, intervalMs, maxTimeMs, capture }: Play): XmlElement {
  const attributes = {
    iterate: String(iterate),
    interval: intervalMs === 0 ? undefined : `${intervalMs}ms`,
    maxtime: maxTimeMs === undefined ? undefined : `${maxTimeMs}ms`,
    // Mandatory in RFC 5707 9.7.1, and true: no key is listened for.
    barge: "false",
    cleardb: "false",
    [`{${recorderNamespace}}capture`]: capture ? "true" : undefined,
  };
  return element("play", {
    attributes,
    children: media.map((m) => element("audio", { attributes: { uri: m.kind === "audio" ? m.uri : "" } })),
  });
}

function mixElement(mix: AudioMix | undefined): XmlElement | undefined {
  if (mix === undefined) return undefined;
  const loudest = mix.nLoudest === undefined ? [] : [element("n-loudest", { attributes: { n: String(mix.nLoudest) } })];
  return element("audiomix", { attributes: { id: mix.id, samplerate: numberText(mix.sampleRate) }, children: loudest });
}

function streamElement(stream: MediaStream): XmlElement {
  return element("stream", { attributes: { media: stream.media, dir: stream.dir } });
}

function rec(
  name: string,
  attributes: Record<string, string | undefined>,
  children: readonly (XmlElement | string)[] = [],
) {
  return element(name, { ns: recorderNamespace, prefix: "rec", attributes, children });
}

function recorderElement(command: RecorderCommand): XmlElement {
  const { state, initial, backfillMs, epoch, params, userParams, streams } = command;
  const attributes = { state, initial, "backfill-ms": numberText(backfillMs), epoch: numberText(epoch) };
  return rec("recorder", attributes, [
    ...Array.from(params, ([name, value]) => rec("param", { name, value })),
    ...Array.from(userParams, ([name, value]) => rec("user-param", { name, value })),
    ...streams.map(({ label, side, conn, aor, dn, name }) => rec("stream", { label, side, conn, aor, dn, name })),
  ]);
}

function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function resultElement(result: MsmlResult): XmlElement {
  const { response, mark, description, confIds, dialogIds, recorderIds } = result;
  return element("result", {
    attributes: { response: String(response), mark },
    children: [
      description === undefined ? undefined : element("description", { children: [description] }),
      ...confIds.map((id) => element("confid", { children: [id] })),
      ...dialogIds.map((id) => element("dialogid", { children: [id] })),
      ...recorderIds.map((id) => rec("recorderid", {}, [id])),
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
