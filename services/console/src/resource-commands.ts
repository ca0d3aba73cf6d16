import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { errorText, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import { admitted, type Doorkeeping, kept } from "./admission.ts";
import { maxCommandAnswerBytes, upstreamTimeoutMs } from "./limits.ts";
import type { RoleDirectory } from "./role-directory.ts";
import type { Upstream } from "./upstream.ts";

export interface ResourceCommandOptions extends Doorkeeping {
  readonly directory: RoleDirectory;
  readonly upstream: Upstream;
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
}

/**
 * `POST /api/v1/resources/withdraw` and `.../restore`: Resource Managers share no state (R32), so each of them is told. People need the role
 * `administrator`.
 */
export function registerResourceCommands(app: FastifyInstance, o: ResourceCommandOptions): void {
  for (const verb of ["withdraw", "restore"]) {
    app.post(`/api/v1/resources/${verb}`, async (request, reply) => {
      const deed = { permission: "resources", action: "resources", detail: { did: verb } } as const;
      await admitted(request, o, deed);
      await kept(request, o, { ...deed, detail: { ...deed.detail, body: JSON.stringify(request.body ?? {}) } });
      if (o.directory.urlsOf("resource-manager").length === 0) await o.directory.ask();
      const urls = o.directory.urlsOf("resource-manager");
      if (urls.length === 0) {
        throw new SidetoneError("role-not-running", "No Resource Manager runs.", {
          http: 503,
          remedy: "Start it, and name its http address in console.roles.",
        });
      }
      const answers = await Promise.all(urls.map((url) => tell(url, request, o)));
      // What went wrong at one of them is the answer: it would go on as before.
      const worst = answers.find((a) => a.status >= 300) ?? answers[0];
      if (worst === undefined) return reply.code(502).send();
      return reply.code(worst.status).type(worst.type).send(worst.body);
    });
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

async function tell(base: string, request: FastifyRequest, o: ResourceCommandOptions): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(request.body ?? {}));
  try {
    const answer = await o.upstream.send({
      url: new URL(base + request.url),
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": String(body.length),
        ...(o.apiToken === undefined ? {} : { authorization: `Bearer ${o.apiToken}` }),
      },
      body: Readable.from([body]),
      timeoutMs: upstreamTimeoutMs,
    });
    const type = answer.headers["content-type"] ?? "application/json";
    return { status: answer.statusCode ?? 502, type, body: await bytesOf(answer) };
  } catch (error) {
    throw new SidetoneError(
      "role-unreachable",
      `The Resource Manager at ${base} does not answer: ${errorText(error)}.`,
      {
        http: 502,
        remedy: "The others have done it. Say it again when it is back: it does not remember what it was told before.",
        cause: error,
      },
    );
  }
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxCommandAnswerBytes) throw new Error("its answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts);
}
