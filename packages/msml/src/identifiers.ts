import { MAX_NAME } from "./limits.ts";

/** A network connection; what follows the colon is the tag that the media server put into To of its answer (RFC 5707 6.2). */
export type ConnRef = `conn:${string}`;
/** A conference. */
export type ConfRef = `conf:${string}`;
/** What can be joined. */
export type ObjectRef = ConnRef | ConfRef;
/** `conn:*` or `conf:*`: every object of that class. Legal only where an element says so. */
export type WildcardRef = "conn:*" | "conf:*";
/** A dialog, of a connection or of a conference (RFC 5707 6.2). */
export type DialogRef = `${ObjectRef}/dialog:${string}`;

/** An instance name, a tag or a mark: `[a-zA-Z0-9.:_-]+`, at most 128 characters. */
export function isInstanceName(text: string): boolean {
  if (text.length === 0 || text.length > MAX_NAME) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (!isNameCharacter(text.charCodeAt(i))) return false;
  }
  return true;
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x3a) || // digits and ':'
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f
  );
}

/** True for `conn:` and a legal tag. */
export function isConnRef(text: string): text is ConnRef {
  return text.startsWith("conn:") && isInstanceName(text.slice(5));
}

/** True for `conf:` and a legal name. */
export function isConfRef(text: string): text is ConfRef {
  return text.startsWith("conf:") && isInstanceName(text.slice(5));
}

/** True for a connection or a conference. */
export function isObjectRef(text: string): text is ObjectRef {
  return isConnRef(text) || isConfRef(text);
}

/** True for a wildcard over connections or conferences. */
export function isWildcardRef(text: string): text is WildcardRef {
  return text === "conn:*" || text === "conf:*";
}

/** The connection of a To tag. */
export function connRef(tag: string): ConnRef {
  return `conn:${tag}`;
}

/** The conference of a name. */
export function confRef(name: string): ConfRef {
  return `conf:${name}`;
}

/** What follows the class: the tag of a connection, the name of a conference. */
export function instanceOf(ref: ObjectRef): string {
  return ref.slice(5);
}

const DIALOG = "/dialog:";

/** The dialog of that name on a connection or a conference. */
export function dialogOf(root: ObjectRef, name: string): DialogRef {
  return `${root}${DIALOG}${name}`;
}

/** Object and name of a dialog's id; undefined where it is none. */
export function splitDialog(id: string): { readonly root: ObjectRef; readonly name: string } | undefined {
  const at = id.indexOf(DIALOG);
  if (at < 0) return undefined;
  const root = id.slice(0, at);
  const name = id.slice(at + DIALOG.length);
  return isObjectRef(root) && isInstanceName(name) ? { root, name } : undefined;
}

/** True for `conn:TAG/dialog:NAME` and `conf:NAME/dialog:NAME`. */
export function isDialogRef(text: string): text is DialogRef {
  return splitDialog(text) !== undefined;
}

/** The dialog of a connection's tag. */
export function dialogRef(tag: string, name: string): DialogRef {
  return dialogOf(connRef(tag), name);
}

/** Tag and name of the id of a connection's dialog; undefined where it is none. */
export function partsOfDialog(id: string): { readonly tag: string; readonly name: string } | undefined {
  const parts = splitDialog(id);
  return parts !== undefined && isConnRef(parts.root) ? { tag: instanceOf(parts.root), name: parts.name } : undefined;
}
