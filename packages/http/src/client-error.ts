import type { Socket } from "node:net";
import { type Problem, problem, problemType } from "./problem.ts";

/** Answers what is no HTTP request with a problem document, on the bare connection, and ends it. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const document = documentOf(error.code);
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${document.status} ${document.title}`,
    "connection: close",
    `content-length: ${Buffer.byteLength(body)}`,
    `content-type: ${problemType}`,
  ];
  if (socket.writable) socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroy();
}

function documentOf(code: string | undefined): Problem {
  if (code === "HPE_HEADER_OVERFLOW")
    return problem(431, "request-too-long", "The request line and its header fields are too long.");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return problem(408, "request-timeout", "The request did not come in time.");
  return problem(400, "bad-request", "This is not an HTTP request.");
}
