import type { DialogAction } from "./dialog.ts";
import type { ElementReader } from "./element-reader.ts";
import { MAX_EVENT_NAME, MAX_LIST } from "./limits.ts";

const actions: ReadonlySet<string> = new Set(["send", "exit", "disconnect"]);
const momlName = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;

/** True for `<send>`, `<exit>` and `<disconnect>` of a dialog. */
export function isAction(el: ElementReader): boolean {
  return actions.has(el.name) && el.is(el.name);
}

/** RFC 5707 9.6.3 to 9.6.5. */
export function readAction(el: ElementReader): DialogAction {
  if (el.name === "send") {
    const event = momlNameOf(el, "event", "the name of an event");
    const target = momlNameOf(el, "target", "source, group, or a primitive, e.g. play");
    const names = listOf(el, "namelist", el.alias("namelist", "valuelist"));
    el.done();
    el.empty();
    return { kind: "send", event, target, names };
  }
  const names = listOf(el, "namelist", el.optional("namelist"));
  el.done();
  el.empty();
  return { kind: el.name === "exit" ? "exit" : "disconnect", names };
}

/** The children of an element that does something: sends, and an exit or a disconnect at the end. */
export function readActions(el: ElementReader): DialogAction[] {
  return el.children().map((child, index, all) => {
    if (!isAction(child)) throw child.misplaced(el);
    if (child.name !== "send" && index < all.length - 1) {
      throw child.refused(405, "ends the dialog, but more comes behind it", "move it to the end");
    }
    return readAction(child);
  });
}

/** Takes the one child `name` (`playexit`, `groupexit` ...) from the others. */
export function readExits(
  el: ElementReader,
  name: string,
): { readonly exits: DialogAction[]; readonly others: readonly ElementReader[] } {
  const others: ElementReader[] = [];
  let exits: DialogAction[] | undefined;
  for (const child of el.children()) {
    if (!child.is(name)) {
      others.push(child);
      continue;
    }
    if (exits !== undefined) throw child.refused(404, "is there twice", "put all into one");
    child.done();
    exits = readActions(child);
  }
  return { exits: exits ?? [], others };
}

/** The items of a list; 521 for too many. */
export function listOf(el: ElementReader, name: string, value: string | undefined): string[] {
  const items = (value ?? "").split(/\s+/).filter((item) => item !== "");
  if (items.length > MAX_LIST) throw el.refused(521, `${name} has more than ${MAX_LIST} items`, "send fewer");
  return items;
}

function momlNameOf(el: ElementReader, name: string, expected: string): string {
  const value = el.required(name, expected);
  if (value.length > MAX_EVENT_NAME || !momlName.test(value)) throw el.invalid(name, value, expected);
  return value;
}
