import { fail, nearestName, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { clientControlNames } from "./control-names.ts";
import type { ClientControlName } from "./control-names.ts";
import { isCounter, isJsonObject, isWellFormed, mayHoldLoneSurrogate, readEnvelope } from "./envelope.ts";
import type { JsonObject } from "./envelope.ts";
import type { ErrorName } from "./errors.ts";
import { kvListBytes } from "./kv-list.ts";
import type { KVList } from "./kv-list.ts";
import { MAX_ECHO_LENGTH, MAX_USER_DATA_BYTES } from "./limits.ts";
import type { TlibControl, TlibRequest } from "./messages.ts";
import { requestNames, responsesOf } from "./requests.ts";
import { validatorOf } from "./validators.ts";
import { quoted } from "./violation.ts";
import type { Violation } from "./violation.ts";

/** Why a client's message is not worked off, with what an EventError repeats of it. */
export interface ClientMessageFailure {
  /** `protocol`: close 4000. `unsupported`: an unknown request. `attribute`: a request with a mistake. */
  readonly kind: "protocol" | "attribute" | "unsupported";
  /** Says the place and the remedy, never a value. */
  readonly message: string;
  /** What the EventError says; undefined for `protocol`, which has none. */
  readonly errorName?: ErrorName;
  readonly requestName?: string;
  readonly referenceId?: number;
  readonly thisDn?: string;
  readonly connId?: string;
  readonly privateMsgId?: number;
  /** The request's acknowledgement, which counts although the request does not. */
  readonly ack?: number;
}

export type ClientControl = TlibControl<ClientControlName>;

const controls: ReadonlySet<string> = new Set(clientControlNames);
const requestEnvelope: ReadonlySet<string> = new Set(["message", "ack", "attributes"]);
const connIdPattern = /^[0-9a-f]{16}$/;

/** Reads one text frame of a client, strictly: an attribute that the request does not have is a mistake. */
export function readClientMessage(text: string): Result<TlibRequest | ClientControl, ClientMessageFailure> {
  const envelope = readEnvelope(text);
  if (!envelope.ok) return fail({ kind: "protocol", message: envelope.error });
  const { name, object } = envelope.value;
  const wellFormed = !mayHoldLoneSurrogate(text) || isWellFormed(object);
  if (controls.has(name)) return readControl(name, object, wellFormed);
  if (!name.startsWith("Request")) {
    return fail({ kind: "protocol", message: `${quoted(name)} is no message of a client` });
  }
  const validate = isRequest(name) ? validatorOf(name) : undefined;
  if (validate === undefined) {
    const near = nearestName(name, requestNames);
    const hint = near === undefined ? "" : `; is it ${near}?`;
    return refuse(object, name, "UnsupportedOperation", `there is no request ${quoted(name)}${hint}`);
  }
  const problem = envelopeViolation(object, wellFormed) ?? attributesViolation(object, validate);
  if (problem !== undefined) return refuse(object, name, "InvalidAttribute", sentence(problem));
  const request = object as unknown as TlibRequest;
  const userData = (request.attributes as { readonly UserData?: KVList }).UserData;
  // What JSON.stringify makes of a text is at most 3.4 times as long: a number like 1e9, three bytes a unit.
  if (userData !== undefined && text.length * 4 > MAX_USER_DATA_BYTES && kvListBytes(userData) > MAX_USER_DATA_BYTES) {
    return refuse(object, name, "TooLarge", `UserData must not have more than ${MAX_USER_DATA_BYTES} bytes`);
  }
  return ok(request);
}

function isRequest(name: string): boolean {
  return (responsesOf as ReadonlyMap<string, unknown>).has(name);
}

function readControl(
  name: string,
  object: JsonObject,
  wellFormed: boolean,
): Result<ClientControl, ClientMessageFailure> {
  const attributes = object["attributes"];
  const validate = validatorOf(name);
  if (validate === undefined || !isJsonObject(attributes)) {
    return fail({ kind: "protocol", message: `${name} must have attributes, a JSON object` });
  }
  const problem = wellFormed ? validate(attributes) : notUnicode;
  if (problem !== undefined) return fail({ kind: "protocol", message: `${name}: ${sentence(problem)}` });
  const control = object as unknown as ClientControl;
  const mistake = control.message === "SessionOpen" ? openMistake(control.attributes) : undefined;
  return mistake === undefined ? ok(control) : fail({ kind: "protocol", message: `SessionOpen: ${mistake}` });
}

function openMistake(open: TlibControl<"SessionOpen">["attributes"]): string | undefined {
  if (open.ApplicationPassword !== undefined && open.AccessToken !== undefined) {
    return "ApplicationPassword and AccessToken exclude each other";
  }
  const given = [open.SessionID, open.ResumeToken, open.LastSeq].filter((part) => part !== undefined).length;
  return given === 0 || given === 3 ? undefined : "SessionID, ResumeToken and LastSeq come together";
}

const notUnicode: Violation = { attribute: undefined, reason: "half of a surrogate pair is no Unicode text" };

function envelopeViolation(object: JsonObject, wellFormed: boolean): Violation | undefined {
  if (!wellFormed) return notUnicode;
  for (const key of Object.keys(object)) {
    if (requestEnvelope.has(key)) continue;
    const near = nearestName(key, requestEnvelope);
    const hint = near === undefined ? "a request has message, ack and attributes" : `is it ${near}?`;
    return { attribute: undefined, reason: `a request has no member ${quoted(key)}; ${hint}` };
  }
  if (object["ack"] !== undefined && !isCounter(object["ack"], 0)) {
    return { attribute: undefined, reason: "ack must be an integer that is not negative" };
  }
  return undefined;
}

function attributesViolation(
  object: JsonObject,
  validate: (attributes: object) => Violation | undefined,
): Violation | undefined {
  const attributes = object["attributes"];
  if (isJsonObject(attributes)) return validate(attributes);
  return { attribute: undefined, reason: "a request must have attributes, a JSON object" };
}

function sentence(problem: Violation): string {
  return problem.attribute === undefined ? problem.reason : `${problem.attribute} ${problem.reason}`;
}

/** Repeats of a refused request what is well-formed by itself, so that the sender can tell which one it was. */
function refuse(
  object: JsonObject,
  name: string,
  errorName: ErrorName,
  message: string,
): { readonly ok: false; readonly error: ClientMessageFailure } {
  const attributes = isJsonObject(object["attributes"]) ? object["attributes"] : {};
  const { ReferenceID: referenceId, ThisDN: thisDn, ConnID: connId, PrivateMsgID: privateMsgId } = attributes;
  const ack = object["ack"];
  return fail({
    kind: errorName === "UnsupportedOperation" ? "unsupported" : "attribute",
    message,
    errorName,
    requestName: name.length <= MAX_ECHO_LENGTH ? name.toWellFormed() : name.slice(0, MAX_ECHO_LENGTH).toWellFormed(),
    ...(isCounter(referenceId, 1) ? { referenceId } : {}),
    ...(typeof thisDn === "string" && thisDn.isWellFormed() ? { thisDn } : {}),
    ...(typeof connId === "string" && connIdPattern.test(connId) ? { connId } : {}),
    ...(typeof privateMsgId === "number" && (privateMsgId | 0) === privateMsgId ? { privateMsgId } : {}),
    ...(isCounter(ack, 0) ? { ack } : {}),
  });
}
