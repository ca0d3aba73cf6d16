export type { ClientEvent, ClientListeners, Reset } from "./client-events.ts";
export type { Client, ConnectOptions } from "./client.ts";
export { connect } from "./connect.ts";
export type { TlibClient } from "./connect.ts";
export type { RegisterAttributes, Registered } from "./registrations.ts";
export type { RecordInput, RecordMethods, RequestInput, RequestMethods, ResponseTo } from "./request-methods.ts";
export { TlibError } from "./tlib-error.ts";
export type { LibraryErrorName } from "./tlib-error.ts";
export type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";
