import type { SidetoneConfig } from "@sidetone/config";
import { type RoleContext, type RunningRole, SidetoneError } from "@sidetone/foundation";
import { type FastifyInstance, type HttpServer, problem, type Readiness, sendProblem, startHttp } from "@sidetone/http";
import { Authentication } from "./authentication.ts";
import { registerGateway } from "./gateway.ts";
import { registerPages, securityHeaders } from "./pages.ts";
import { RoleDirectory } from "./role-directory.ts";
import { consoleStatus } from "./status.ts";
import { Upstream } from "./upstream.ts";

const openPaths = new Set(["/livez", "/readyz", "/metrics"]);

/**
 * Starts the console of `config`: the gateway to every role, and the page.
 * @throws SidetoneError `no-section` (exit 1), `port-in-use` (exit 2).
 */
export async function startConsole(config: SidetoneConfig, context: RoleContext): Promise<RunningRole> {
  const section = config.console;
  if (section === undefined)
    throw new SidetoneError("no-section", `${config.file} has no section console.`, { exit: 1 });
  const log = context.log.child({ role: "console" });
  const upstream = new Upstream();
  const directory = new RoleDirectory(section.roles, context.clock, upstream);
  const authentication = new Authentication(section.users, section.apiToken, context.clock);
  let http: HttpServer;
  try {
    http = await startHttp({
      role: "console",
      address: section.http,
      log,
      plainHostOnly: section.users.length === 0,
      ready: () => readiness(directory),
      register: (app) => {
        guard(app, authentication);
        app.get("/api/v1/status", async () => consoleStatus(config, directory.all));
        registerPages(app);
        registerGateway(app, { directory, upstream, log, apiToken: section.apiToken });
      },
    });
  } catch (error) {
    upstream.close();
    throw error;
  }
  directory.watch();
  let closing: Promise<void> | undefined;
  return {
    role: "console",
    listening: [http.url],
    http: http.url,
    close: () =>
      (closing ??= (async () => {
        directory.close();
        upstream.close();
        await http.close();
      })()),
  };
}

/** Headers, log-in, and a refusal of what other sites make a visitor's browser send. */
function guard(app: FastifyInstance, authentication: Authentication): void {
  app.addHook("onRequest", async (request, reply) => {
    for (const [name, value] of securityHeaders) void reply.header(name, value);
    if (openPaths.has(request.url.split("?", 1)[0] ?? "")) return undefined;
    const site = request.headers["sec-fetch-site"];
    if (request.method !== "GET" && request.method !== "HEAD" && site !== undefined && site !== "same-origin") {
      return sendProblem(reply, problem(403, "foreign-site", "Another site's page must not change anything here."));
    }
    const admission = authentication.admit(request.headers.authorization, request.ip);
    if (admission.kind === "admitted") return undefined;
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
}

async function readiness(directory: RoleDirectory): Promise<Readiness> {
  await directory.ask();
  // A role that is ready may still say what it misses.
  const reasons = directory.all.flatMap((h) =>
    (h.ok || h.reasons.length > 0 ? h.reasons : ["is not ready"]).map((r) => `${h.role ?? h.url}: ${r}`),
  );
  return { ok: directory.all.every((h) => h.ok), reasons };
}
