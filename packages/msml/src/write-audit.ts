import { element, type XmlElement } from "@sidetone/xml";
import type {
  AuditedConference,
  AuditedConnection,
  AuditedDialog,
  AuditedStream,
  AuditResult,
  AuditState,
} from "./audit.ts";
import { dialogType } from "./dialog.ts";
import { flagText, numberText } from "./write-attributes.ts";
import { mixElement } from "./write-mixer.ts";
import { clampElement, gainElement } from "./write-streams.ts";

/** `statelist`; none where only ids are asked for. */
export function statesText(query: string, states: readonly AuditState[]): string | undefined {
  if (states.length === 0) return undefined;
  const prefix = query.startsWith("conf:") ? "audit.conf." : "audit.conn.";
  return states.map((state) => `${prefix}${state}`).join(" ");
}

/** `<auditresult>` (RFC 5707 10.1.2). */
export function auditResultElement(result: AuditResult): XmlElement {
  const own = isConference(result) ? [configElement(result.config)] : connectionElements(result);
  const children = [...own, ...(result.dialogs ?? []).map(dialogElement), ...(result.streams ?? []).map(streamElement)];
  return element("auditresult", { attributes: { targetid: result.target }, children });
}

function isConference(result: AuditResult): result is AuditedConference {
  return result.target.startsWith("conf:");
}

function configElement(config: AuditedConference["config"]): XmlElement | undefined {
  if (config === undefined) return undefined;
  const { deleteWhen, term, audiomix, controller } = config;
  return element("confconfig", {
    attributes: { deletewhen: deleteWhen, term: flagText(term) },
    children: [mixElement(audiomix), textElement("controller", controller)],
  });
}

function connectionElements({ sipDialog, localSdp, remoteSdp }: AuditedConnection): (XmlElement | undefined)[] {
  return [
    sipDialog === undefined ? undefined : sipDialogElement(sipDialog),
    textElement("localsdp", localSdp),
    textElement("remotesdp", remoteSdp),
  ];
}

function sipDialogElement(dialog: NonNullable<AuditedConnection["sipDialog"]>): XmlElement {
  return element("sipdialog", {
    attributes: { callid: dialog.callId, localtag: dialog.localTag, remotetag: dialog.remoteTag },
    children: [
      textElement("localseq", numberText(dialog.localSeq)),
      textElement("remoteseq", numberText(dialog.remoteSeq)),
      textElement("localuri", dialog.localUri),
      textElement("remoteuri", dialog.remoteUri),
      textElement("remotetarget", dialog.remoteTarget),
      textElement("routeset", dialog.routeSet?.join(",")),
    ],
  });
}

function dialogElement({ name, src, duration, primitive, controller }: AuditedDialog): XmlElement {
  return element("dialog", {
    attributes: { name, src, type: dialogType },
    children: [
      textElement("duration", numberText(duration)),
      textElement("primitive", primitive),
      textElement("controller", controller),
    ],
  });
}

function streamElement({ joinWith, media, dir, compressed, preferred, gain, clamp }: AuditedStream): XmlElement {
  return element("stream", {
    attributes: { joinwith: joinWith, media, dir, compressed: flagText(compressed), preferred: flagText(preferred) },
    children: [clampElement(clamp), gainElement(gain)],
  });
}

function textElement(name: string, text: string | undefined): XmlElement | undefined {
  return text === undefined ? undefined : element(name, { children: [text] });
}
