import { connect } from "node:net";
import type { Ran } from "./programs.ts";

/** How long baresip may take to answer a command, ms. */
const ANSWER_MS = 5000;
/** How long an event that is waited for may take, ms. */
const EVENT_MS = 8000;

interface Told {
  readonly response?: boolean;
  readonly event?: boolean;
  readonly type?: string;
}

/**
 * One command to baresip's `ctrl_tcp`: JSON in netstrings. Code 0 where its response came, or the event `until`;
 * `stdout` has everything that baresip said, a line each.
 */
export function baresipCommand(port: number, words: readonly string[], until?: string): Promise<Ran> {
  const [command = "", ...params] = words;
  return new Promise((resolve) => {
    const lines: string[] = [];
    let buffer = Buffer.alloc(0);
    const socket = connect(port, "127.0.0.1");
    const end = (code: number, stderr = ""): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ code, stdout: lines.join("\n"), stderr });
    };
    const timer = setTimeout(() => end(1, "no answer in time"), until === undefined ? ANSWER_MS : EVENT_MS);
    socket.once("error", (error) => end(1, error.message));
    socket.once("close", () => end(1, "closed"));
    socket.once("connect", () => {
      const text = JSON.stringify({ command, params: params.join(" "), token: "t1" });
      socket.write(`${Buffer.byteLength(text)}:${text},`);
    });
    socket.on("data", (data) => {
      buffer = Buffer.concat([buffer, data]);
      for (let told = next(); told !== undefined; told = next()) {
        lines.push(told);
        const { response, event, type } = JSON.parse(told) as Told;
        if (until === undefined ? response === true : event === true && type === until) return end(0);
      }
    });
    const next = (): string | undefined => {
      const colon = buffer.indexOf(":");
      const length = Number(buffer.toString("latin1", 0, Math.max(0, colon)));
      if (colon < 0 || buffer.length < colon + length + 2) return undefined;
      const text = buffer.toString("utf8", colon + 1, colon + 1 + length);
      buffer = buffer.subarray(colon + length + 2);
      return text;
    };
  });
}
