import { SidetoneError } from "@sidetone/foundation";

/** RFC 9457: what an HTTP error's body says. */
export interface Problem {
  /** `urn:sidetone:problem:CODE`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy?: string;
}

/** Content type of a problem document. */
export const problemType = "application/problem+json";

const titles = new Map([
  [400, "Bad request"],
  [401, "Not authorised"],
  [403, "Forbidden"],
  [404, "Not found"],
  [405, "Method not allowed"],
  [408, "Request timeout"],
  [409, "Conflict"],
  [413, "Too large"],
  [414, "URI too long"],
  [416, "Range not satisfiable"],
  [421, "Misdirected request"],
  [429, "Too many requests"],
  [431, "Request header fields too large"],
  [500, "Internal error"],
  [502, "Bad gateway"],
  [503, "Not available"],
  [504, "Gateway timeout"],
]);

/** Makes a problem document. @param code stable, kebab-case. */
export function problem(status: number, code: string, detail: string, remedy?: string): Problem {
  const title = titles.get(status) ?? "Error";
  const base = { type: `urn:sidetone:problem:${code}`, title, status, detail, code };
  return remedy === undefined ? base : { ...base, remedy };
}

/** The problem document of anything thrown in a handler. What is not meant for the reader stays out of it. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof SidetoneError) {
    return problem(thrown.http ?? 500, thrown.code, thrown.message, thrown.remedy);
  }
  const status = statusOf(thrown);
  if (status >= 400 && status < 500 && thrown instanceof Error) return problem(status, "bad-request", thrown.message);
  return problem(500, "internal", "Something went wrong inside; the log says what.");
}

function statusOf(thrown: unknown): number {
  if (typeof thrown !== "object" || thrown === null || !("statusCode" in thrown)) return 500;
  return typeof thrown.statusCode === "number" ? thrown.statusCode : 500;
}
