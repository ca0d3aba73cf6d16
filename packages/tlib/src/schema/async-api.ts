import { clientControlNames, serverControlNames } from "./control-names.ts";
import { eventNames } from "./events.ts";
import { definitions } from "./json-schema.ts";
import { messageSchemas } from "./message-schemas.ts";
import { requestNames, responsesOf } from "./requests.ts";

/** Where the described server is reached. */
export interface AsyncApiOptions {
  /** `host` or `host:port`. */
  readonly host: string;
  /** `wss:` instead of `ws:`. */
  readonly secure?: boolean;
}

const CHANNEL = "tlib";

/** The AsyncAPI 3.0 document of a SIP Server: it receives requests and answers them, and sends events. */
export function asyncApi(o: AsyncApiOptions): object {
  const names = [...messageSchemas.keys()];
  return {
    asyncapi: "3.0.0",
    id: "urn:sidetone:tlib:v1",
    info: {
      title: "T-Library on the wire",
      version: "1.0.0",
      description:
        "Calls as events, call control and recording control as requests: one JSON object per WebSocket text frame, " +
        "sub-protocol tlib.v1.json. A session outlives its connection and loses no event.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
      tags: [{ name: "control" }, { name: "request" }, { name: "event" }],
    },
    defaultContentType: "application/json",
    servers: {
      sipServer: {
        host: o.host,
        protocol: o.secure === true ? "wss" : "ws",
        description: "SIP Server. Credentials travel in SessionOpen.",
      },
    },
    channels: {
      [CHANNEL]: {
        address: "/tlib/v1",
        title: "A session",
        servers: [{ $ref: "#/servers/sipServer" }],
        messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      ...Object.fromEntries(requestNames.map((name) => [name, requestOperation(name)])),
      receiveControl: operation("receive", "What a client says about its session", clientControlNames),
      sendControl: operation("send", "What the server says about a session", serverControlNames),
      sendEvents: operation("send", "Events of the registered DNs, in the order of seq", eventNames),
    },
    components: {
      messages: Object.fromEntries(names.map((name) => [name, message(name)])),
      schemas: definitions("generators", "#/components/schemas/"),
    },
  };
}

function inChannel(names: readonly string[]): readonly object[] {
  return names.map((name) => ({ $ref: `#/channels/${CHANNEL}/messages/${name}` }));
}

function operation(action: "send" | "receive", summary: string, names: readonly string[]): object {
  return { action, summary, channel: { $ref: `#/channels/${CHANNEL}` }, messages: inChannel(names) };
}

function requestOperation(name: (typeof requestNames)[number]): object {
  return {
    ...operation("receive", `${name} and its one direct response, which carries its ReferenceID`, [name]),
    reply: {
      channel: { $ref: `#/channels/${CHANNEL}` },
      messages: inChannel([...(responsesOf.get(name) ?? []), "EventError"]),
    },
  };
}

function message(name: string): object {
  const kind = messageSchemas.get(name)?.kind ?? "control";
  return {
    name,
    title: name,
    tags: [{ name: kind }],
    contentType: "application/json",
    ...(kind === "request" ? { correlationId: { location: "$message.payload#/attributes/ReferenceID" } } : {}),
    payload: { $ref: `#/components/schemas/${name}` },
  };
}
