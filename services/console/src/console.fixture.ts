import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ConsoleConfig, ConsoleUser, SidetoneConfig } from "@sidetone/config";
import {
  type Logger,
  type RoleName,
  type RunningRole,
  silentLogger,
  systemClock,
  systemRandom,
} from "@sidetone/foundation";
import { type FastifyInstance, type HttpServer, startHttp, type UpgradeHandler } from "@sidetone/http";
import { startConsole } from "./start.ts";

export const users = [{ name: "admin", password: "pw", role: "administrator" as const }];
/** One of each role; the password of each is `pw`, and the supervisor sees 70... only. */
export const staff: readonly ConsoleUser[] = [
  ...users,
  { name: "sue", password: "pw", role: "supervisor", grants: [{ dns: "70*", rights: ["monitor"] }] },
  { name: "aud", password: "pw", role: "auditor" },
  { name: "al", password: "pw", role: "agent", grants: [{ dns: "7001", rights: ["monitor"] }] },
];
/** Headers of HTTP Basic. */
export const basic = (name: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
});
export const admin = basic("admin", "pw");

/** A server that answers as a role does. */
export async function role(
  t: TestContext,
  name: RoleName,
  register: (app: FastifyInstance) => void,
  more: { token?: string; ok?: boolean; upgrades?: ReadonlyMap<string, UpgradeHandler> } = {},
): Promise<HttpServer> {
  const server = await startHttp({
    role: name,
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    token: more.token,
    ready: () => ({ ok: more.ok ?? true, reasons: more.ok === false ? ["no database"] : [] }),
    register,
    upgrades: more.upgrades,
  });
  t.after(() => server.close());
  return server;
}

/** A console in front of these base URLs. */
export async function consoleFor(
  t: TestContext,
  roles: string[],
  more: Partial<ConsoleConfig> & { readonly log?: Logger; readonly file?: string } = {},
): Promise<RunningRole & { http: string }> {
  const { log = silentLogger, file = "t.yaml", ...section } = more;
  const config: SidetoneConfig = {
    file,
    sipServer: undefined,
    resourceManager: undefined,
    mediaServer: undefined,
    recorder: undefined,
    console: {
      roles,
      http: { host: "127.0.0.1", port: 0 },
      storage: ":memory:",
      users,
      apiToken: undefined,
      ...section,
    },
  };
  const running = await startConsole(config, { clock: systemClock, random: systemRandom, log });
  t.after(() => running.close());
  assert(running.http !== undefined);
  return { ...running, http: running.http };
}
