import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";

/** A request to a role. */
export interface UpstreamRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable | undefined;
  readonly timeoutMs: number;
  /** Its answer may last for hours: it has a connection of its own, so that others need not wait for one. */
  readonly lasting?: boolean | undefined;
  /** Ends it, e.g. when the client is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Connections to the roles, kept open between requests. */
export class Upstream {
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 64 });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 64 });

  /** Resolves when the head of the answer is there; its body is a stream that must be read or destroyed. */
  send(o: UpstreamRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = o.url.protocol === "https:";
      const options = {
        method: o.method,
        headers: o.headers,
        agent: o.lasting === true ? false : secure ? this.#https : this.#http,
        ...(o.signal === undefined ? {} : { signal: o.signal }),
      };
      const request = secure ? httpsRequest(o.url, options, resolve) : httpRequest(o.url, options, resolve);
      request.setTimeout(o.timeoutMs, () => request.destroy(new Error("no answer in time")));
      request.on("error", reject);
      if (o.body === undefined) request.end();
      else o.body.pipe(request);
    });
  }

  /** Ends every connection. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
