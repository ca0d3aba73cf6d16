import { errorText } from "@sidetone/foundation";
import { PEER_TIMEOUT_MS } from "../limits.ts";

/** An answer of another part, or why there is none. */
export type Answered =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: number | undefined; readonly text: string };

/** Asks another part of the system by HTTP. Never rejects. */
export type GetJson = (url: string) => Promise<Answered>;

/** GETs JSON with a bearer token, where there is one. @param closing ends what is under way */
export function httpGetJson(token: string | undefined, closing: AbortSignal): GetJson {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  return async (url) => {
    try {
      const response = await fetch(url, {
        headers,
        redirect: "error",
        signal: AbortSignal.any([closing, AbortSignal.timeout(PEER_TIMEOUT_MS)]),
      });
      if (response.ok) return { ok: true, body: await response.json() };
      await response.body?.cancel();
      return { ok: false, status: response.status, text: `answers ${response.status}` };
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return { ok: false, status: undefined, text: `does not answer: ${errorText(cause)}` };
    }
  };
}
