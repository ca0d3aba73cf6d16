import { askTimeoutMs, maxCommandAnswerBytes } from "../limits.ts";
import type { Upstream } from "../upstream.ts";

/** How the roles are asked. */
export interface Asking {
  readonly upstream: Upstream;
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
}

/** Headers of a request of the console's own. */
export function ownHeaders({ apiToken }: Asking): Record<string, string> {
  return apiToken === undefined ? {} : { authorization: `Bearer ${apiToken}` };
}

/** What a role answers with; undefined where it does not, or with no JSON. */
export async function askJson(asking: Asking, url: string, headers: Record<string, string> = {}): Promise<unknown> {
  try {
    const answer = await asking.upstream.send({
      url: new URL(url),
      method: "GET",
      headers: { ...ownHeaders(asking), ...headers },
      timeoutMs: askTimeoutMs,
    });
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of answer as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > maxCommandAnswerBytes) return undefined;
      parts.push(part);
    }
    return answer.statusCode === 200 ? JSON.parse(Buffer.concat(parts).toString("utf8")) : undefined;
  } catch {
    return undefined;
  }
}
