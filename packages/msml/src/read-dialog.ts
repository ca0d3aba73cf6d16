import {
  dialogType,
  type DialogContent,
  type DialogScript,
  type DialogStep,
  type Group,
  type Primitive,
} from "./dialog.ts";
import type { DialogEnd, DialogStart } from "./document.ts";
import type { ElementReader } from "./element-reader.ts";
import { isDialogRef, isObjectRef } from "./identifiers.ts";
import { MAX_PARAM } from "./limits.ts";
import { present } from "./present.ts";
import { isAction, readAction, readExits } from "./read-actions.ts";
import { readCollect } from "./read-collect.ts";
import { readPlay } from "./read-play.ts";
import { readRecord } from "./read-record.ts";
import { readDtmfGen, readToneGen } from "./read-tones.ts";

/** `gain` and `clamp` are served in a `<stream>`, not as primitives of the package Transform (RFC 5707 9.9). */
const transforms: ReadonlySet<string> = new Set(["gain", "clamp"]);
/** Names that a dialog description in RFC 5707's language has: the RFC's, and the one that it registered (18.1). */
const momlTypes: ReadonlySet<string> = new Set([dialogType, "application/vnd.radisys.moml+xml"]);
const voiceXmlTypes: ReadonlySet<string> = new Set(["application/vxml+xml", "application/voicexml+xml"]);

const primitives: ReadonlyMap<string, (el: ElementReader) => Primitive> = new Map<
  string,
  (el: ElementReader) => Primitive
>([
  ["play", readPlay],
  ["dtmfgen", readDtmfGen],
  ["tonegen", readToneGen],
  ["record", readRecord],
  ["collect", readCollect],
  ["dtmf", readCollect],
]);

/** RFC 5707 9.6.1. */
export function readDialogStart(el: ElementReader): DialogStart {
  const target = el.requiredAs("target", isObjectRef, "conn:TAG or conf:NAME");
  // MSML 1.0 wrote `id`.
  const name = el.instance("name", el.alias("name", "id"));
  const src = el.optional("src");
  const type = el.optional("type");
  const mark = el.mark();
  el.done();
  const inline = el.children();
  if (src !== undefined && inline.length > 0) {
    throw el.refused(422, "has both src and an inline description", "leave one of them out");
  }
  if (type === undefined) {
    // The RFC's own examples leave it out where the description is inline.
    if (src !== undefined) throw el.missing("type", dialogType);
    el.deviation(408, "needs the attribute type", `say type="${dialogType}"`);
  }
  const language = type?.toLowerCase() ?? dialogType;
  if (!momlTypes.has(language)) {
    const response = voiceXmlTypes.has(language) ? 420 : 421;
    throw el.refused(response, `type="${language.slice(0, 64)}" is not served`, `describe the dialog in ${dialogType}`);
  }
  return { op: "dialogstart", target, ...present({ name }), content: contentOf(el, src, inline), ...mark };
}

function contentOf(el: ElementReader, src: string | undefined, inline: readonly ElementReader[]): DialogContent {
  if (src === undefined) return { kind: "inline", script: readScript(el, inline) };
  if (src.length === 0 || src.length > MAX_PARAM) throw el.invalid("src", src, "a URI");
  return { kind: "external", src };
}

/** RFC 5707 9.6.2. */
export function readDialogEnd(el: ElementReader): DialogEnd {
  const id = el.requiredAs("id", isDialogRef, "conn:TAG/dialog:NAME or conf:NAME/dialog:NAME");
  const mark = el.mark();
  el.done();
  el.empty();
  return { op: "dialogend", id, ...mark };
}

/** What stands in `<dialogstart>`; `<moml>` around it is allowed (RFC 5707 9.7.6). */
function readScript(el: ElementReader, children: readonly ElementReader[]): DialogScript {
  const [first, second] = children;
  if (first?.is("moml") === true) {
    if (second !== undefined) throw second.refused(404, "stands beside <moml>", "move it into the <moml>");
    return readMomlElement(first);
  }
  return stepsOf(el, children);
}

/** `<moml>`. */
export function readMomlElement(el: ElementReader): DialogScript {
  const version = el.optional("version");
  if (version !== "1.0" && version !== "1.1") {
    el.deviation(version === undefined ? 408 : 410, "has not version 1.0", 'say version="1.0"');
  }
  el.optional("id");
  el.done();
  return stepsOf(el, el.children());
}

function stepsOf(el: ElementReader, children: readonly ElementReader[]): DialogScript {
  const steps: DialogStep[] = [];
  for (const child of children) {
    const last = steps.at(-1)?.kind;
    if (last === "exit" || last === "disconnect") {
      throw child.refused(405, `stands behind <${last}>, which ends the dialog`, "move it before");
    }
    steps.push(isAction(child) ? readAction(child) : readExecutable(child, el, 0));
  }
  if (steps.length === 0)
    throw el.refused(403, "has no dialog", "put a <play>, a <record> or another primitive into it");
  return steps;
}

function readExecutable(el: ElementReader, parent: ElementReader, depth: number): Primitive | Group {
  const reader = primitives.get(el.name);
  if (reader !== undefined && el.is(el.name)) return reader(el);
  if (el.is("group")) return readGroup(el, depth);
  if (transforms.has(el.name) && el.is(el.name)) throw el.refused(402, "is not served in a dialog", "do without it");
  throw el.misplaced(parent);
}

/** RFC 5707 9.8.1. */
function readGroup(el: ElementReader, depth: number): Group {
  const id = el.optional("id");
  const topology = el.oneOf("topology", ["parallel", "serial", "fullduplex"]);
  el.done();
  if (topology === undefined) throw el.missing("topology", "parallel, serial or fullduplex");
  // The RFC's own examples nest groups that have no id.
  if (id === undefined && depth > 0) el.deviation(408, "is within another and needs the attribute id", "name it");
  if (topology === "fullduplex" && depth > 0) {
    throw el.refused(405, "fullduplex is within another group", "make it the outermost one");
  }
  const { exits, others } = readExits(el, "groupexit");
  const members = others.map((child) => readExecutable(child, el, depth + 1));
  if (members.length === 0) throw el.refused(403, "is empty", "put a primitive into it");
  if (topology === "fullduplex" && members.length !== 2) {
    throw el.refused(405, `fullduplex has ${members.length} members`, "give it two");
  }
  return { kind: "group", ...present({ id }), topology, members, onExit: exits };
}
