export type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export { problem, problemOf, problemType, type Problem } from "./problem.ts";
export { secretEqual } from "./secret-equal.ts";
export { sendProblem, startHttp, type HttpOptions, type HttpServer, type Readiness } from "./server.ts";
