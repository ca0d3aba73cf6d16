import { errorText, type Logger } from "@sidetone/foundation";
import {
  acceptedContentTypes,
  instanceOf,
  isMsmlContentType,
  msmlContentType,
  type MsmlOperation,
  type MsmlResult,
  readMsml,
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
    const release = this.#o.events.hold(conferencesOf(operations));
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
        return { ...result, response: 520, description };
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

function conferencesOf(operations: readonly MsmlOperation[]): string[] {
  const names: string[] = [];
  for (const operation of operations) {
    if (operation.op === "createconference" && operation.name !== undefined) names.push(operation.name);
    else if (operation.op === "modifyconference" || operation.op === "destroyconference") {
      names.push(instanceOf(operation.id));
    }
  }
  return names;
}
