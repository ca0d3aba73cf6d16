import { type Cancel, type Clock, SidetoneError } from "@sidetone/foundation";
import { type FastifyInstance, type FastifyRequest, StatePush } from "@sidetone/http";
import type { Visitor } from "../authentication.ts";
import { liveLingerMs, liveStreamMs } from "../limits.ts";
import { may } from "../permissions.ts";
import type { LiveStage } from "./live-stage.ts";
import { viewFor } from "./live-view.ts";

/** What the live page's stream works with. */
export interface LiveApiOptions {
  readonly clock: Clock;
  readonly stage: LiveStage;
  readonly visitorOf: (request: FastifyRequest) => Visitor | undefined;
}

/**
 * `GET /api/v1/live`: Server-Sent Events of calls, agents, servers, storages and alarms, as the visitor may see them: `snapshot`, then `change`.
 * Gives the function that ends every stream.
 */
export function registerLive(app: FastifyInstance, { clock, stage, visitorOf }: LiveApiOptions): () => void {
  let leaving: Cancel | undefined;
  const push = new StatePush<Visitor>({
    clock,
    stateFor: (visitor) => viewFor(visitor, stage.now),
    maxAgeMs: liveStreamMs,
    onWatched: (watched) => {
      leaving?.();
      leaving = undefined;
      if (watched) stage.watch(true);
      // Somebody who reloads the page finds it filled.
      else leaving = clock.after(liveLingerMs, () => stage.watch(false));
    },
  });
  app.get("/api/v1/live", { exposeHeadRoute: false }, (request, reply) => {
    const visitor = visitorOf(request);
    if (visitor === undefined || !may(visitor, "live"))
      throw new SidetoneError("not-allowed", "Your role may not see the calls of others.", {
        http: 403,
        remedy: "Ask an administrator for another role.",
      });
    return push.serve(reply, visitor);
  });
  return () => {
    leaving?.();
    push.close();
  };
}
