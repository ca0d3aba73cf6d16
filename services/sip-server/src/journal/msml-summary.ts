import { type MsmlOperation, readMsml } from "@sidetone/msml";

/** An MSML document in few words; empty where it cannot be read. */
export function msmlSummary(body: string): string {
  const read = readMsml(body);
  if (!read.ok) return "";
  const { value } = read;
  switch (value.kind) {
    case "request":
      return value.operations.map(said).join(", ");
    case "event":
      return `event ${value.event.name} of ${value.event.id}`;
    case "result": {
      const { response, description } = value.result;
      return `result ${response}${description === undefined ? "" : ` ${description}`}`;
    }
  }
}

function said(operation: MsmlOperation): string {
  switch (operation.op) {
    case "join":
    case "unjoin":
    case "modifystream":
    case "monitor":
      return `${operation.op} ${operation.id1} ${operation.id2}`;
    case "createconference":
      return `createconference ${operation.name ?? ""}`.trim();
    case "modifyconference":
      return operation.recorder === undefined
        ? `modifyconference ${operation.id}`
        : `recorder ${operation.recorder.state}`;
    case "destroyconference":
    case "dialogend":
      return `${operation.op} ${operation.id}`;
    case "dialogstart":
      return `dialogstart ${operation.target}`;
    case "send":
      return `send ${operation.event}`;
    case "audit":
      return `audit ${operation.query}`;
  }
}
