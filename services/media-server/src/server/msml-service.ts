import { errorText, type Logger } from "@sidetone/foundation";
import {
  acceptedContentTypes,
  isMsmlContentType,
  msmlContentType,
  type MsmlOperation,
  type MsmlResult,
  readMsml,
  splitDialog,
  writeMsml,
} from "@sidetone/msml";
import type { RespondOptions, SipRequest } from "@sidetone/sip";
import {
  checkResources,
  type ControlEffect,
  executeOperation,
  type ExecutionContext,
  ResultInProgress,
} from "../control/index.ts";
import type { Client } from "./clients.ts";
import { failureOf } from "./dialog-media.ts";
import type { EventSender } from "./event-sender.ts";
import { Lanes } from "./lanes.ts";

/** How an INFO is answered. */
export interface InfoAnswer {
  readonly status: number;
  readonly options: RespondOptions;
  /** To be called when the answer is out: events may follow now. */
  sent(): void;
}

/** What the service is given. */
export interface MsmlServiceOptions {
  readonly events: EventSender;
  readonly log: Logger;
  /** Everything beside the objects that an execution looks at. */
  readonly context: (client: Client, dialog: string) => ExecutionContext;
  /** Carries out one effect. Rejects where that is not possible. */
  readonly perform: (client: Client, effect: ControlEffect) => Promise<void>;
}

/**
 * MSML in INFO: read as a whole, checked for room, then executed operation by operation, each carried out before the next, and only then
 * answered (R19). Requests about the same objects are executed one after another. A document that fails is still a 200 with its result.
 */
export class MsmlService {
  readonly #o: MsmlServiceOptions;
  readonly #lanes = new Lanes();

  constructor(options: MsmlServiceOptions) {
    this.#o = options;
  }

  /** @param dialog tag of the dialog that carried it */
  async info(client: Client, dialog: string, request: SipRequest): Promise<InfoAnswer> {
    const nothing = (): void => undefined;
    const contentType = request.headers.get("Content-Type");
    if (request.body.length === 0) return { status: 200, options: {}, sent: nothing };
    if (contentType === undefined || !isMsmlContentType(contentType)) {
      return { status: 415, options: { headers: [["Accept", acceptedContentTypes.join(", ")]] }, sent: nothing };
    }
    const read = readMsml(request.body);
    if (!read.ok) {
      const { response, description } = read.error;
      this.#o.log.warn({ conn: dialog, client: client.name, response, description }, "MSML refused");
      return answer({ ...emptyResult, response, description }, nothing);
    }
    if (read.value.kind !== "request") {
      return answer({ ...emptyResult, response: 400, description: "a request is expected" }, nothing);
    }
    const { operations } = read.value;
    const objects = objectsOf(client, operations);
    const release = this.#o.events.hold(objects);
    const result = await this.#lanes
      .run(objects, () => this.#execute(client, dialog, operations))
      .catch((error: unknown): MsmlResult => {
        this.#o.log.error({ conn: dialog, client: client.name, error: errorText(error) }, "MSML not executed");
        return { ...emptyResult, response: 500, description: "internal error" };
      });
    return answer(result, release);
  }

  async #execute(client: Client, dialog: string, operations: readonly MsmlOperation[]): Promise<MsmlResult> {
    const { log, perform, context } = this.#o;
    const progress = new ResultInProgress();
    const refused = (response: MsmlResult["response"], description: string): MsmlResult => {
      log.warn({ conn: dialog, client: client.name, response, description }, "MSML refused");
      return progress.failed(response, description);
    };
    const missing = checkResources(client.store, operations, context(client, dialog));
    if (missing !== undefined) return refused(missing.response, missing.description);
    for (const operation of operations) {
      const { changes, effects, outcome } = executeOperation(client.store, operation, context(client, dialog));
      if (!outcome.ok) return refused(outcome.response, outcome.description);
      client.store.apply(changes);
      for (const effect of effects) {
        try {
          await perform(client, effect);
        } catch (error) {
          log.error(
            { conn: dialog, effect: effect.kind, error: errorText(error) },
            "an MSML operation was not carried out",
          );
          const { response, description } = failureOf(error);
          return refused(response, description ?? "");
        }
      }
      progress.succeeded(operation, outcome.value);
    }
    return progress.done;
  }
}

const emptyResult = { confIds: [], dialogIds: [], recorderIds: [] } as const;

function answer(result: MsmlResult, sent: () => void): InfoAnswer {
  const body = writeMsml({ kind: "result", result });
  return { status: 200, options: { body, contentType: msmlContentType }, sent };
}

/** What an object is called among those of all clients. */
export function objectKey(client: Client, ref: string): string {
  return `${client.id}/${ref}`;
}

/** The objects that are named: requests about them wait for each other, their events for the result. */
function objectsOf(client: Client, operations: readonly MsmlOperation[]): string[] {
  const refs: string[] = [];
  for (const operation of operations) {
    switch (operation.op) {
      case "createconference":
        if (operation.name !== undefined) refs.push(`conf:${operation.name}`);
        break;
      case "modifyconference":
      case "destroyconference":
        refs.push(operation.id);
        break;
      case "join":
      case "modifystream":
      case "unjoin":
      case "monitor":
        refs.push(operation.id1, operation.id2);
        break;
      case "dialogstart":
        refs.push(operation.target);
        break;
      case "dialogend":
        refs.push(splitDialog(operation.id)?.root ?? "");
        break;
      case "send":
        refs.push(operation.target.root);
        break;
      case "audit":
    }
  }
  return refs.filter((ref) => !ref.endsWith("*")).map((ref) => objectKey(client, ref));
}
