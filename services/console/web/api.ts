/** A refusal of the server (RFC 9457), or that it was not to be reached (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  /** Stable code of the error (docs/errors.md); `unreachable` where no answer came. */
  readonly code: string;
  /** What to do about it. */
  readonly remedy: string | undefined;
  /** Seconds to wait before the next try. */
  readonly retryAfter: number | undefined;

  constructor(o: {
    status: number;
    code: string;
    detail: string;
    remedy?: string | undefined;
    retryAfter?: number | undefined;
  }) {
    super(o.detail);
    this.status = o.status;
    this.code = o.code;
    this.remedy = o.remedy;
    this.retryAfter = o.retryAfter;
  }
}

let csrfToken: string | undefined;
let onLoggedOut: () => void = () => undefined;

/** Token that goes with everything that changes something; a session of a cookie has one. */
export function useCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

/** Called when the server no longer knows the visitor. */
export function whenLoggedOut(listener: () => void): void {
  onLoggedOut = listener;
}

/** Sends a request to the console's own origin and gives the answer; throws `ApiProblem` for what is not 2xx. */
export async function send(
  method: string,
  path: string,
  o: { body?: unknown; signal?: AbortSignal | undefined; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...o.headers };
  if (o.body !== undefined) headers["content-type"] = "application/json";
  if (csrfToken !== undefined && method !== "GET" && method !== "HEAD") headers["x-csrf-token"] = csrfToken;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (o.body !== undefined) init.body = JSON.stringify(o.body);
  if (o.signal !== undefined) init.signal = o.signal;
  let answer: Response;
  try {
    // An address opened as http://user:password@host may fetch only what names neither.
    answer = await fetch(new URL(path, location.origin), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem({
      status: 0,
      code: "unreachable",
      detail: "The console does not answer.",
      remedy: "Is it running, and is the network there?",
    });
  }
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string; remedy?: string };
  if (answer.status === 401 && path !== "/api/v1/session") onLoggedOut();
  const wait = Number(answer.headers.get("retry-after"));
  throw new ApiProblem({
    status: answer.status,
    code: problem.code ?? String(answer.status),
    detail: problem.detail ?? `${answer.status} ${answer.statusText}`,
    remedy: problem.remedy,
    retryAfter: wait > 0 ? wait : undefined,
  });
}

async function json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await send(method, path, { body, signal });
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** The console's API in JSON. */
export const api = {
  get: <T>(path: string, signal?: AbortSignal): Promise<T> => json<T>("GET", path, undefined, signal),
  post: <T>(path: string, body?: unknown): Promise<T> => json<T>("POST", path, body ?? {}),
  put: <T>(path: string, body: unknown): Promise<T> => json<T>("PUT", path, body),
  patch: <T>(path: string, body: unknown): Promise<T> => json<T>("PATCH", path, body),
  delete: <T>(path: string): Promise<T> => json<T>("DELETE", path),
};
