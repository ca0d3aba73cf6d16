import { textOf } from "@sidetone/xml";
import {
  type AuditedConference,
  type AuditedConnection,
  type AuditedDialog,
  auditedPrimitives,
  type AuditedStream,
  type AuditResult,
  type AuditState,
  confStates,
  connStates,
} from "./audit.ts";
import type { Audit } from "./document.ts";
import type { ElementReader } from "./element-reader.ts";
import { isConfRef, isConnRef, isObjectRef, isWildcardRef, type ObjectRef, type WildcardRef } from "./identifiers.ts";
import { MAX_LIST } from "./limits.ts";
import type { Clamp, Gain } from "./media.ts";
import { present } from "./present.ts";
import { readAudioMix } from "./read-conference.ts";
import { readClamp, readGain } from "./read-streams.ts";

/** RFC 5707 10.1.1. */
export function readAudit(el: ElementReader): Audit {
  const query = el.requiredAs("queryid", isQuery, "conf:NAME, conn:TAG, conf:* or conn:*");
  const list = el.optional("statelist") ?? "";
  const mark = el.mark();
  el.done();
  el.empty();
  return { op: "audit", query, states: statesOf(el, query, list), ...mark };
}

function isQuery(text: string): text is ObjectRef | WildcardRef {
  return isObjectRef(text) || isWildcardRef(text);
}

/** Each once, in the order of the RFC; 410 for one that the object does not have. */
function statesOf(el: ElementReader, query: string, list: string): AuditState[] {
  const conference = query.startsWith("conf:");
  const known: readonly AuditState[] = conference ? confStates : connStates;
  const prefix = conference ? "audit.conf." : "audit.conn.";
  const items = list.split(/\s+/).filter((item) => item !== "");
  if (items.length > MAX_LIST) throw el.refused(521, `statelist has more than ${MAX_LIST} states`, "ask in several");
  const asked = new Set<AuditState>();
  for (const item of items) {
    const name = item.startsWith(prefix) ? item.slice(prefix.length).toLowerCase() : "";
    const parent = name === "*" ? "" : name.endsWith(".*") ? name.slice(0, -2) : undefined;
    const found = known.filter((state) => {
      const lower = state.toLowerCase();
      if (parent === undefined) return lower === name;
      return parent === "" || lower === parent || lower.startsWith(`${parent}.`);
    });
    if (found.length === 0)
      throw el.invalid("statelist", item, `states of the audited object, e.g. ${prefix}stream.gain`);
    for (const state of found) asked.add(state);
  }
  return known.filter((state) => asked.has(state));
}

/** `<auditresult>` (RFC 5707 10.1.2). */
export function readAuditResult(el: ElementReader): AuditResult {
  const target = el.requiredAs("targetid", isObjectRef, "conf:NAME or conn:TAG");
  const dialogs: AuditedDialog[] = [];
  const streams: AuditedStream[] = [];
  let config: AuditedConference["config"];
  let sipDialog: AuditedConnection["sipDialog"];
  let localSdp: string | undefined;
  let remoteSdp: string | undefined;
  for (const child of el.children()) {
    if (child.is("dialog")) dialogs.push(readDialog(child));
    else if (child.is("stream")) streams.push(readStream(child));
    else if (child.is("confconfig")) config = readConfig(child);
    else if (child.is("sipdialog")) sipDialog = readSipDialog(child);
    else if (child.is("localsdp")) localSdp = textOf(child.element);
    else if (child.is("remotesdp")) remoteSdp = textOf(child.element);
  }
  const both = {
    ...(dialogs.length === 0 ? {} : { dialogs }),
    ...(streams.length === 0 ? {} : { streams }),
  };
  if (isConfRef(target)) return { target, ...both, ...present({ config }) };
  return { target, ...both, ...present({ sipDialog, localSdp, remoteSdp }) };
}

function readConfig(el: ElementReader): AuditedConference["config"] {
  const deleteWhen = el.oneOf("deletewhen", ["nomedia", "nocontrol", "never"]);
  const term = el.flag("term");
  const children = el.children();
  const mixer = children.find((child) => child.is("audiomix"));
  const audiomix = mixer === undefined ? undefined : readAudioMix(mixer);
  return present({ deleteWhen, term, audiomix, controller: controllerOf(children) });
}

function readDialog(el: ElementReader): AuditedDialog {
  const name = el.required("name", "the dialog's name");
  const src = el.optional("src");
  const children = el.children();
  const duration = numberIn(children, "duration");
  const said = textIn(children, "primitive");
  const primitive = auditedPrimitives.find((known) => known === said);
  return present({ name, src, duration, primitive, controller: controllerOf(children) });
}

function readStream(el: ElementReader): AuditedStream {
  const joinWith = el.requiredAs("joinwith", isObjectRef, "conf:NAME or conn:TAG");
  const media = el.oneOf("media", ["audio", "video"]);
  const dir = el.oneOf("dir", ["from", "to"]);
  if (media === undefined) throw el.missing("media", "audio or video");
  if (dir === undefined) throw el.missing("dir", "from or to");
  const compressed = el.flag("compressed");
  const preferred = el.flag("preferred");
  let gain: Gain | undefined;
  let clamp: Clamp | undefined;
  for (const child of el.children()) {
    if (child.is("gain")) gain = readGain(child);
    else if (child.is("clamp")) clamp = readClamp(child);
  }
  return present({ joinWith, media, dir, compressed, preferred, gain, clamp });
}

function readSipDialog(el: ElementReader): AuditedConnection["sipDialog"] {
  const callId = el.required("callid", "the Call-ID");
  const localTag = el.required("localtag", "the local tag");
  const remoteTag = el.required("remotetag", "the remote tag");
  const children = el.children();
  const routes = textIn(children, "routeset");
  return present({
    callId,
    localTag,
    remoteTag,
    localSeq: numberIn(children, "localseq"),
    remoteSeq: numberIn(children, "remoteseq"),
    localUri: textIn(children, "localuri"),
    remoteUri: textIn(children, "remoteuri"),
    remoteTarget: textIn(children, "remotetarget"),
    routeSet: routes?.split(",").flatMap((route) => (route.trim() === "" ? [] : [route.trim()])),
  });
}

function textIn(children: readonly ElementReader[], name: string): string | undefined {
  const child = children.find((candidate) => candidate.is(name));
  return child === undefined ? undefined : textOf(child.element);
}

function numberIn(children: readonly ElementReader[], name: string): number | undefined {
  const text = textIn(children, name);
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function controllerOf(children: readonly ElementReader[]) {
  const text = textIn(children, "controller");
  return text !== undefined && isConnRef(text) ? text : undefined;
}
