import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, StatePush } from "@sidetone/http";
import { readParameters } from "./query.ts";
import { readScope } from "./scope.ts";

/**
 * `GET /api/v1/calls/events`: calls, agents and calls that should be recorded and are not, as Server-Sent Events: `snapshot`, then `change`, at most
 * five a second, each `{ calls?, agents?, alarms?: { set: [[key, value]], gone: [key] } }`.
 */
export function registerLiveRoutes(app: FastifyInstance, push: StatePush<void>): void {
  app.get("/api/v1/calls/events", { exposeHeadRoute: false }, (request, reply) => {
    readParameters(request.query, []);
    if (readScope(request.headers).patterns !== undefined)
      throw new SidetoneError("not-allowed", "This stream is for who may see every DN.", {
        http: 403,
        remedy: "GET /api/v1/live of the console shows what you may see.",
      });
    return push.serve(reply, undefined);
  });
}
