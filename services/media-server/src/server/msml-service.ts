import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import {
  acceptedContentTypes,
  dialogRef,
  instanceOf,
  isConfRef,
  isMsmlContentType,
  msmlContentType,
  type MsmlOperation,
  type MsmlResult,
  partsOfDialog,
  readMsml,
  type ResponseCode,
  writeMsml,
} from "@sidetone/msml";
import type { RespondOptions, SipRequest } from "@sidetone/sip";
import { type ControlEffect, executeMsml } from "../control/index.ts";
import type { ControlStore } from "./control-store.ts";
import type { EventSender } from "./event-sender.ts";

/** How an INFO is answered. */
export interface InfoAnswer {
  readonly status: number;
  readonly options: RespondOptions;
  /** To be called when the answer is out: events may follow now. */
  sent(): void;
}

/** What the service is given. */
export interface MsmlServiceOptions {
  readonly store: ControlStore;
  readonly events: EventSender;
  readonly log: Logger;
  readonly newName: () => string;
  /** Carries out one effect. Rejects where that is not possible. */
  readonly perform: (effect: ControlEffect) => Promise<void>;
}

/** MSML in INFO: read, executed, carried out, and only then answered (R19). A document that fails is still a 200 with its result. */
export class MsmlService {
  readonly #o: MsmlServiceOptions;

  constructor(options: MsmlServiceOptions) {
    this.#o = options;
  }

  /** @param dialog tag of the dialog that carried it */
  async info(dialog: string, request: SipRequest): Promise<InfoAnswer> {
    const nothing = (): void => undefined;
    const contentType = request.headers.get("Content-Type");
    if (request.body.length === 0) return { status: 200, options: {}, sent: nothing };
    if (contentType === undefined || !isMsmlContentType(contentType)) {
      return { status: 415, options: { headers: [["Accept", acceptedContentTypes.join(", ")]] }, sent: nothing };
    }
    const read = readMsml(request.body);
    if (!read.ok) return answer({ ...emptyResult, ...read.error }, nothing);
    if (read.value.kind !== "request") {
      return answer({ ...emptyResult, response: 400, description: "a request is expected" }, nothing);
    }
    const { operations } = read.value;
    const release = this.#o.events.hold(eventsOf(operations, this.#o.store));
    return answer(await this.#execute(dialog, operations), release);
  }

  async #execute(dialog: string, operations: readonly MsmlOperation[]): Promise<MsmlResult> {
    const { store, log, newName, perform } = this.#o;
    const { changes, effects, result } = executeMsml(store, operations, { dialog, newName });
    store.apply(changes);
    for (const effect of effects) {
      try {
        await perform(effect);
      } catch (error) {
        const description = errorText(error);
        log.error({ conn: dialog, effect: effect.kind, error: description }, "an MSML operation was not carried out");
        return { ...withoutDialog(result, effect), response: responseTo(error), description };
      }
    }
    const { response, description } = result;
    if (response !== 200) log.warn({ conn: dialog, response, description }, "MSML refused");
    return result;
  }
}

const emptyResult = { confIds: [], dialogIds: [], recorderIds: [] } as const;

function answer(result: MsmlResult, sent: () => void): InfoAnswer {
  const body = writeMsml({ kind: "result", result });
  return { status: 200, options: { body, contentType: msmlContentType }, sent };
}

/** A file that cannot be played has codes of its own. */
function responseTo(error: unknown): ResponseCode {
  const code = error instanceof SidetoneError ? error.code : "";
  if (code === "prompt-missing") return 423;
  return code === "prompt-format" ? 450 : 520;
}

/** A dialog that did not begin has no id. */
function withoutDialog(result: MsmlResult, effect: ControlEffect): MsmlResult {
  if (effect.kind !== "play") return result;
  const failed = dialogRef(effect.tag, effect.dialog);
  return { ...result, dialogIds: result.dialogIds.filter((id) => id !== failed) };
}

/** Whose events wait for the result. */
function eventsOf(operations: readonly MsmlOperation[], store: ControlStore): string[] {
  const names: string[] = [];
  for (const operation of operations) {
    switch (operation.op) {
      case "createconference":
        if (operation.name !== undefined) names.push(operation.name);
        break;
      case "modifyconference":
      case "destroyconference":
        names.push(instanceOf(operation.id));
        break;
      case "join":
      case "unjoin":
        for (const id of [operation.id1, operation.id2]) if (isConfRef(id)) names.push(instanceOf(id));
        break;
      case "dialogstart":
        names.push(store.eventsOf(instanceOf(operation.target)));
        break;
      case "dialogend":
        names.push(store.eventsOf(partsOfDialog(operation.id)?.tag ?? ""));
        break;
      case "send":
      case "modifystream":
      case "monitor":
      case "audit":
        break;
    }
  }
  return names;
}
