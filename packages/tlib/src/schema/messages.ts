import type { AttributeName, AttributeTypes } from "./attributes.ts";
import type { ControlAttributes, ControlName } from "./controls.ts";
import type { Open } from "./enumerations.ts";
import type { EventName, eventTable } from "./events.ts";
import type { RequestName, requestTable } from "./requests.ts";

type Flat<T> = { readonly [K in keyof T]: T[K] };
type OpenEnumeration<T> = T extends string ? (string extends T ? T : Open<T>) : T;

/** Type of each attribute in an event: its enumerations are open. */
export type EventAttributeTypes = {
  readonly [A in AttributeName]: [AttributeTypes[A]] extends [string]
    ? OpenEnumeration<AttributeTypes[A]>
    : AttributeTypes[A];
};

/** Attributes of each request, with its ReferenceID. */
export type RequestAttributes = {
  readonly [N in RequestName]: Flat<
    { readonly [A in "ReferenceID" | (typeof requestTable)[N]["required"][number]]: AttributeTypes[A] } & {
      readonly [A in (typeof requestTable)[N]["optional"][number]]?: AttributeTypes[A];
    }
  >;
};

/** Attributes of each event, with its EventSequenceNumber; the direct response has its request's ReferenceID. */
export type EventAttributes = {
  readonly [N in EventName]: Flat<
    {
      readonly [A in "EventSequenceNumber" | (typeof eventTable)[N]["required"][number]]: EventAttributeTypes[A];
    } & {
      readonly [A in Exclude<
        "ReferenceID" | (typeof eventTable)[N]["optional"][number],
        (typeof eventTable)[N]["required"][number]
      >]?: EventAttributeTypes[A];
    }
  >;
};

/** A request as it stands on the wire; `TlibRequest` alone is the union that `message` tells apart. */
export type TlibRequest<N extends RequestName = RequestName> = {
  [P in N]: {
    readonly message: P;
    /** Every message of the server up to this `seq` has been processed. */
    readonly ack?: number;
    readonly attributes: RequestAttributes[P];
  };
}[N];

/** An event as it stands on the wire. */
export type TlibEvent<N extends EventName = EventName> = {
  [P in N]: {
    readonly message: P;
    /** Counts the server's messages to this session: 1, 2, 3 ... */
    readonly seq: number;
    /** RFC 3339 UTC with microseconds. */
    readonly time: string;
    readonly attributes: EventAttributes[P];
  };
}[N];

/** An event that this version does not know. Its `seq` counts all the same. */
export interface UnknownEvent {
  readonly message: "unknown";
  readonly name: string;
  readonly seq: number;
  readonly time: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A message of the session itself. */
export type TlibControl<N extends ControlName = ControlName> = {
  [P in N]: { readonly message: P; readonly attributes: ControlAttributes[P] };
}[N];
