export type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export { isPlainHost } from "./host-check.ts";
export { type Problem, problem, problemOf, problemType } from "./problem.ts";
export { secretEqual } from "./secret-equal.ts";
export { type HttpOptions, type HttpServer, type Readiness, sendProblem, startHttp } from "./server.ts";
export { StatePush } from "./state-push.ts";
export { refuseUpgrade, type UpgradeHandler } from "./upgrade.ts";
