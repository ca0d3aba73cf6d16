import { type FastifyInstance, type FastifyRequest, problem, sendProblem } from "@sidetone/http";
import type { Authentication, Visitor } from "./authentication.ts";
import { securityHeaders } from "./pages.ts";

const openPaths = new Set(["/livez", "/readyz", "/metrics"]);

/**
 * Headers, log-in, and a refusal of what other sites make a visitor's browser send. Gives the function that says who sent a request.
 */
export function guard(
  app: FastifyInstance,
  authentication: Authentication,
): (request: FastifyRequest) => Visitor | undefined {
  const visitors = new WeakMap<FastifyRequest, Visitor>();
  app.addHook("onRequest", async (request, reply) => {
    for (const [name, value] of securityHeaders) void reply.header(name, value);
    if (openPaths.has(request.url.split("?", 1)[0] ?? "")) return undefined;
    const site = request.headers["sec-fetch-site"];
    if (request.method !== "GET" && request.method !== "HEAD" && site !== undefined && site !== "same-origin") {
      return sendProblem(reply, problem(403, "foreign-site", "Another site's page must not change anything here."));
    }
    const admission = authentication.admit(request.headers.authorization, request.ip);
    if (admission.kind === "admitted") {
      visitors.set(request, admission.visitor);
      return undefined;
    }
    if (admission.kind === "wait") {
      void reply.header("retry-after", String(admission.seconds));
      return sendProblem(
        reply,
        problem(429, "too-many-tries", "Too many wrong passwords.", `Try again in ${admission.seconds} s.`),
      );
    }
    void reply.header("www-authenticate", 'Basic realm="Sidetone", charset="UTF-8"');
    return sendProblem(reply, problem(401, "log-in", "This needs a user and password of console.users."));
  });
  return (request) => visitors.get(request);
}
