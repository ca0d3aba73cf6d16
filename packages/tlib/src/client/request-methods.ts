import { privateMsgIds } from "../schema/enumerations.ts";
import type { RequestAttributes, TlibEvent } from "../schema/messages.ts";
import { type RequestName, requestNames, type requestTable } from "../schema/requests.ts";

/** Attributes of a request; the library adds the ReferenceID. */
export type RequestInput<N extends RequestName> = Omit<RequestAttributes[N], "ReferenceID">;
/** The direct response of a request; EventError becomes a rejection. */
export type ResponseTo<N extends RequestName> = TlibEvent<(typeof requestTable)[N]["answeredBy"][number]>;
/** Attributes may be left out where none is required. */
export type RequestArguments<N extends RequestName> =
  object extends RequestInput<N> ? [attributes?: RequestInput<N>] : [attributes: RequestInput<N>];

/** `makeCall` for RequestMakeCall, and so on for every request of the contract. */
export type RequestMethods = {
  readonly [N in RequestName as N extends `Request${infer Rest}` ? Uncapitalize<Rest> : never]: (
    ...attributes: RequestArguments<N>
  ) => Promise<ResponseTo<N>>;
};

/** Attributes of recording control; the library adds PrivateMsgID. */
export type RecordInput = Omit<RequestInput<"RequestPrivateService">, "PrivateMsgID">;

/** Recording control by name: RequestPrivateService 3013-3016. EventACK means accepted; that it records shows in the user data. */
export interface RecordMethods {
  readonly recordStart: (attributes: RecordInput) => Promise<TlibEvent<"EventACK">>;
  readonly recordStop: (attributes: RecordInput) => Promise<TlibEvent<"EventACK">>;
  readonly recordPause: (attributes: RecordInput) => Promise<TlibEvent<"EventACK">>;
  readonly recordResume: (attributes: RecordInput) => Promise<TlibEvent<"EventACK">>;
}

/** Sends a request. */
export type SendRequest = <N extends RequestName>(
  name: N,
  ...attributes: RequestArguments<N>
) => Promise<ResponseTo<N>>;

/** One method per request. */
export function requestMethods(send: SendRequest): RequestMethods & RecordMethods {
  const methods = requestNames.map((name) => {
    const bare = name.slice("Request".length);
    return [bare.charAt(0).toLowerCase() + bare.slice(1), (attributes: never) => send(name, attributes)];
  });
  const record =
    (PrivateMsgID: number) =>
    (attributes: RecordInput): Promise<TlibEvent<"EventACK">> =>
      send("RequestPrivateService", { ...attributes, PrivateMsgID });
  return {
    ...(Object.fromEntries(methods) as RequestMethods),
    recordStart: record(privateMsgIds.start),
    recordStop: record(privateMsgIds.stop),
    recordPause: record(privateMsgIds.pause),
    recordResume: record(privateMsgIds.resume),
  };
}
