import { readFileSync } from "node:fs";
import { type TlibEvent, type TlibRequest, readClientMessage } from "../schema/index.ts";

/** A line of the sample session: who speaks and what. */
export interface SampleLine {
  readonly from: "client" | "server" | "comment";
  readonly text: string;
  readonly message: string;
  readonly json: SampleMessage;
}

export interface SampleMessage {
  readonly message: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly time?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** tlib-sample-session.txt, line by line. */
export const sampleLines: readonly SampleLine[] = readFileSync(
  new URL("../schema/sample-session.fixture.txt", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const text = line.slice(2);
    if (line.startsWith("--")) return { from: "comment", text, message: "", json: { message: "", attributes: {} } };
    const json = JSON.parse(text) as SampleMessage;
    return { from: line.startsWith(">") ? "client" : "server", text, message: json.message, json };
  });

/** The line as an event of the server. */
export function sampleEvent(line: SampleLine): TlibEvent {
  return line.json as unknown as TlibEvent;
}

/** The line as a request. */
export function sampleRequest(line: SampleLine): TlibRequest {
  const read = readClientMessage(line.text);
  if (!read.ok || !("ReferenceID" in read.value.attributes)) throw new Error(`${line.message} is no request`);
  return read.value as TlibRequest;
}
