import type { TestContext } from "node:test";
import type { ResourceGroupConfig, ResourceManagerConfig } from "@sidetone/config";
import { type RunningRole, silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import { type ServerTransaction, SipEndpoint, type SipRequest, type SipResponse } from "@sidetone/sip";
import { startResourceManager } from "./start.ts";

/** For tests: the clock, random numbers and log of the machine. */
export const context = { clock: systemClock, random: systemRandom, log: silentLogger };

/** A stand-in for a resource. */
export interface Stand {
  readonly endpoint: SipEndpoint;
  readonly uri: string;
  readonly invites: SipRequest[];
}

/** A resource on a port of its own that answers OPTIONS with 200 and INVITE as told. */
export async function element(t: TestContext, answer: (tx: ServerTransaction) => void): Promise<Stand> {
  const endpoint = new SipEndpoint({ ...context, userAgent: "stand-in" });
  t.after(() => endpoint.close());
  const invites: SipRequest[] = [];
  endpoint.onRequest = (tx) => {
    if (tx.request.method === "OPTIONS") return tx.respond(200);
    invites.push(tx.request);
    answer(tx);
  };
  const bound = await endpoint.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  return { endpoint, uri: `sip:127.0.0.1:${bound.port};transport=tcp`, invites };
}

/** Answers 200. */
export const accepting = (tx: ServerTransaction): void =>
  tx.respond(200, { toTag: "there", headers: [["Contact", "<sip:127.0.0.1:9>"]], body: "v=0\r\n" });

/** A Resource Manager with one group of Media Servers, and one of recorders. */
export async function manager(
  t: TestContext,
  media: string[],
  recorders: string[] = [],
  more: Partial<ResourceGroupConfig> = {},
  role: Partial<ResourceManagerConfig> = {},
): Promise<RunningRole> {
  const monitor = { intervalMs: 50, timeoutMs: 300, returnAnswers: 1 };
  const resources = (list: string[]): ResourceGroupConfig["resources"] =>
    list.map((address) => ({
      address,
      portCapacity: undefined,
      preference: 1,
      geoLocation: undefined,
      withdrawn: false,
    }));
  const base = {
    loadBalanceScheme: "round-robin",
    monitor,
    recordRoute: false,
    preference: 1,
    geoLocation: undefined,
    geoOverflow: true,
    clients: undefined,
  } as const;
  const groups: ResourceGroupConfig[] = [
    { name: "ms", service: "msml", ...base, resources: resources(media), ...more },
    { name: "rs", service: "recording-server", ...base, resources: resources(recorders) },
  ].filter((g) => g.resources.length > 0) as ResourceGroupConfig[];
  const config: ResourceManagerConfig = {
    listen: [{ transport: "tcp", host: "127.0.0.1", port: 0 }],
    http: { host: "127.0.0.1", port: 0 },
    apiToken: undefined,
    sipJournal: undefined,
    peers: [],
    maxSessionsPerClient: undefined,
    groups,
    ...role,
  };
  const running = await startResourceManager(config, context);
  t.after(() => running.close());
  return running;
}

/** Waits until it says that it is ready. */
export async function ready(role: RunningRole): Promise<void> {
  for (;;) if ((await fetch(`${role.http}/readyz`)).ok) return;
}

/** Where it listens. */
export function placeOf(role: RunningRole): { host: string; port: number } {
  const url = new URL((role.listening[0] ?? "").replace("tcp:", "http:"));
  return { host: url.hostname, port: Number(url.port) };
}

/** A client. */
export async function client(t: TestContext): Promise<SipEndpoint> {
  const endpoint = new SipEndpoint({ ...context, userAgent: "client" });
  t.after(() => endpoint.close());
  await endpoint.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  return endpoint;
}

/** Sends an INVITE to the Resource Manager; gives its first final response. */
export function invite(
  from: SipEndpoint,
  role: RunningRole,
  user: string,
  params: string,
  headers: [string, string][] = [],
  host?: string,
): Promise<SipResponse> {
  const { port } = placeOf(role);
  const uri = `sip:${user}@${host ?? `127.0.0.1:${port}`}${params}`;
  const request = from.newRequest("INVITE", {
    uri,
    to: "<sip:x@x.test>",
    from: "<sip:y@x.test>",
    headers,
    body: "v=0\r\no=- 1\r\n",
  });
  return new Promise((resolve, reject) => {
    from.request(
      request,
      { transport: "tcp", host: "127.0.0.1", port },
      { onFinal: resolve, onFailure: (why) => reject(new Error(why)) },
    );
  });
}
