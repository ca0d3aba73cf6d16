import type { MsmlEvent } from "./document.ts";
import { type ConfRef, isObjectRef, type ObjectRef } from "./identifiers.ts";
import type { ResponseCode } from "./response-codes.ts";
import { responseCodes } from "./response-codes.ts";

/** A dialog has ended (RFC 5707 9.6.1). */
export const dialogExit = "msml.dialog.exit";
/** A conference went because nobody was left (8.3). */
export const confNoMedia = "msml.conf.nomedia";
/** Who speaks in a conference (8.6.2). */
export const confAsn = "msml.conf.asn";
/** A dialog's `<exit>`, with the values that it names (9.6.4). */
export const momlExit = "moml.exit";
/** A dialog's `<disconnect>` (9.6.5). */
export const momlDisconnect = "moml.disconnect";
/** Something went wrong in a dialog (7.4). */
export const momlError = "moml.error";

/** Names of a failed dialog's values (9.6.1). */
const STATUS = "dialog.exit.status";
const DESCRIPTION = "dialog.exit.description";

/** The event that tells who speaks (RFC 5707 8.6.2): connections, and conferences that are joined to this one. */
export function asnEvent(conference: ConfRef, speakers: readonly ObjectRef[]): MsmlEvent {
  return { name: confAsn, id: conference, values: speakers.map((speaker) => ["speaker", speaker] as const) };
}

/** Who speaks, of an `msml.conf.asn`. */
export function speakersOf(event: MsmlEvent): ObjectRef[] {
  return event.values.flatMap(([name, value]) => (name === "speaker" && isObjectRef(value) ? [value] : []));
}

/** Why a dialog failed. */
export interface DialogFailure {
  readonly response: ResponseCode;
  /** Without one the code's own text is sent. */
  readonly description?: string;
}

/** The event that a dialog has ended; `values` are what it returns, `failure` says why it could not go on (RFC 5707 9.6.1). */
export function dialogExitEvent(id: string, values: MsmlEvent["values"] = [], failure?: DialogFailure): MsmlEvent {
  const why: MsmlEvent["values"] =
    failure === undefined
      ? []
      : [
          [STATUS, String(failure.response)],
          [DESCRIPTION, failure.description ?? responseCodes[failure.response]],
        ];
  return { name: dialogExit, id, values: [...why, ...values] };
}

/** The `dialog.exit.status` of an `msml.dialog.exit`; undefined where the dialog did not fail. */
export function exitStatusOf(event: MsmlEvent): number | undefined {
  const value = event.values.find(([name]) => name === STATUS)?.[1];
  return value === undefined ? undefined : Number(value);
}

/**
 * The longest of `known` that an event's name is or begins with, token by token (RFC 5707 9.3): `terminate.frowning` is a
 * `terminate` for who does not know it.
 */
export function longestMatch<T extends string>(event: string, known: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const name of known) {
    if (event !== name && !event.startsWith(`${name}.`)) continue;
    if (best === undefined || name.length > best.length) best = name;
  }
  return best;
}
