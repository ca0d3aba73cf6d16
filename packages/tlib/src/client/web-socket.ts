/** The part of the browser's WebSocket that the client uses; Node 24's and that of `ws` fit too. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void;
}

/** Makes a WebSocket. */
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

/** Sub-protocol of tlib-wire.md "Transport". */
export const SUB_PROTOCOL = "tlib.v1.json";
