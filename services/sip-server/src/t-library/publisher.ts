import type { Clock } from "@sidetone/foundation";
import { type ErrorName, type EventAttributes, type EventName, errorCodes, type KVList } from "@sidetone/tlib";
import { type PreparedMessage, prepareEvent, type TlibRequest } from "@sidetone/tlib";
import type { Session } from "./context.ts";
import type { PartyEvent } from "./events-of-effects.ts";
import type { Registrations } from "./registrations.ts";
import type { Responses } from "./responses.ts";
import type { Rights } from "./rights.ts";
import type { SwitchFailure } from "./switch.ts";
import type { Trace } from "./trace.ts";

type Unnumbered<N extends EventName> = Omit<EventAttributes[N], "EventSequenceNumber">;
type AgentEventName = "EventAgentLogin" | "EventAgentLogout" | "EventAgentReady" | "EventAgentNotReady";
interface Shown {
  readonly UserData?: KVList;
  readonly ChangedKeys?: readonly string[];
}

/** Numbers events, gives them to the sessions that registered the DN, and answers requests. */
export class Publisher {
  readonly #clock: Clock;
  readonly #registrations: Registrations<Session>;
  readonly #responses: Responses<Session>;
  readonly #trace: Trace;
  #number = 0;
  #published = 0;

  constructor(o: {
    readonly clock: Clock;
    readonly registrations: Registrations<Session>;
    readonly responses: Responses<Session>;
    readonly trace: Trace;
  }) {
    this.#clock = o.clock;
    this.#registrations = o.registrations;
    this.#responses = o.responses;
    this.#trace = o.trace;
  }

  /** EventSequenceNumber of the next event. */
  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  /** Messages given to sessions. */
  get published(): number {
    return this.#published;
  }

  /** An event about a call, for every session that registered its ThisDN; for who asked for it, the direct response. */
  event(event: PartyEvent): void {
    const { message, attributes } = event;
    if (!this.#registrations.has(attributes.ThisDN) && this.#responses.size === 0) return;
    const number = this.nextNumber();
    const micros = this.#clock.wallMicros();
    const taken = this.#responses.take(message, attributes.ThisDN, attributes.ConnID);
    const variants = new Map<string | undefined, PreparedMessage | undefined>();
    const variantFor = (rights: Rights): PreparedMessage | undefined => {
      if (!variants.has(rights.view)) {
        const shown = shownTo(rights, attributes);
        const hidden =
          message === "EventAttachedDataChanged" &&
          attributes.ChangedKeys?.length !== 0 &&
          shown.ChangedKeys?.length === 0;
        variants.set(
          rights.view,
          hidden ? undefined : prepareEvent(message, micros, { EventSequenceNumber: number, ...attributes, ...shown }),
        );
      }
      return variants.get(rights.view);
    };
    const receivers: string[] = [];
    for (const session of this.#registrations.of(attributes.ThisDN)) {
      if (taken.has(session)) continue;
      const prepared = variantFor(session.owner.rights);
      if (prepared === undefined) continue;
      receivers.push(session.owner.name);
      session.publish(prepared);
    }
    for (const [session, referenceId] of taken) {
      const shown = shownTo(session.owner.rights, attributes);
      const answer = { EventSequenceNumber: number, ReferenceID: referenceId, ...attributes, ...shown };
      receivers.push(session.owner.name);
      session.respond(referenceId, prepareEvent(message, micros, answer));
      this.#trace.response(requesterOf(session), referenceId, message, attributes);
    }
    this.#published += receivers.length;
    this.#trace.event(message, number, receivers, attributes);
  }

  /** An event about an agent, for every session that registered the DN; the requester's carries its ReferenceID. */
  agentEvent(message: AgentEventName, attributes: Unnumbered<AgentEventName>, by: Session, referenceId: number): void {
    const number = this.nextNumber();
    const micros = this.#clock.wallMicros();
    const prepared = prepareEvent(message, micros, { EventSequenceNumber: number, ...attributes });
    for (const session of this.#registrations.of(attributes.ThisDN)) {
      if (session !== by) session.publish(prepared);
    }
    const answer = { EventSequenceNumber: number, ReferenceID: referenceId, ...attributes };
    by.respond(referenceId, prepareEvent(message, micros, answer));
  }

  /** An event of one session that answers nothing. */
  notify<N extends EventName>(session: Session, message: N, attributes: Unnumbered<N>): void {
    session.publish(this.#prepare(message, attributes));
  }

  /** The direct response to a request, for its sender only. */
  respond<N extends EventName>(session: Session, referenceId: number, message: N, attributes: Unnumbered<N>): void {
    session.respond(referenceId, this.#prepare(message, attributes));
    this.#trace.response(requesterOf(session), referenceId, message, attributes as Readonly<Record<string, unknown>>);
  }

  /** `EventError` for a request. */
  refuse(session: Session, request: TlibRequest, { error, message }: SwitchFailure): void {
    const { ReferenceID, ...rest } = request.attributes;
    this.respond(session, ReferenceID, "EventError", {
      ReferenceID,
      UserEvent: request.message,
      ...("PrivateMsgID" in rest ? { PrivateMsgID: rest.PrivateMsgID } : {}),
      ...("ThisDN" in rest && rest.ThisDN !== undefined ? { ThisDN: rest.ThisDN } : {}),
      ...("ConnID" in rest ? { ConnID: rest.ConnID } : {}),
      ErrorCode: errorCodes[error],
      ErrorName: error satisfies ErrorName,
      ErrorMessage: message,
    });
  }

  #prepare<N extends EventName>(message: N, attributes: Unnumbered<N>): PreparedMessage {
    const numbered = { EventSequenceNumber: this.nextNumber(), ...attributes } as EventAttributes[N];
    return prepareEvent(message, this.#clock.wallMicros(), numbered);
  }
}

/** Who asks, for the trace. */
export function requesterOf(session: Session): { readonly session: string; readonly application: string } {
  return { session: session.id, application: session.owner.name };
}

function shownTo(rights: Rights, attributes: Shown): Shown {
  if (rights.view === undefined) return {};
  const { UserData, ChangedKeys } = attributes;
  return {
    ...(UserData === undefined ? {} : { UserData: rights.shown(UserData) }),
    ...(ChangedKeys === undefined ? {} : { ChangedKeys: ChangedKeys.filter((key) => rights.sees(key)) }),
  };
}
