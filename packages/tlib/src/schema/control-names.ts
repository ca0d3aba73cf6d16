/** Control messages of a client. */
export const clientControlNames = ["SessionOpen", "SessionAck", "SessionClose", "Ping", "Pong"] as const;
/** Control messages of the server. */
export const serverControlNames = ["SessionOpened", "SessionClosing", "Ping", "Pong"] as const;
export type ClientControlName = (typeof clientControlNames)[number];
export type ServerControlName = (typeof serverControlNames)[number];
