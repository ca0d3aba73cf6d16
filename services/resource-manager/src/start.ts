import { networkInterfaces } from "node:os";
import { loadConfigInThread, type ResourceManagerConfig, sipUriPlace } from "@sidetone/config";
import type { RoleContext, RunningRole } from "@sidetone/foundation";
import { type HttpServer, Registry, startHttp } from "@sidetone/http";
import { openSipJournal, SipEndpoint, type SipJournal } from "@sidetone/sip";
import { ownAddresses } from "./addresses.ts";
import { registerApi } from "./api.ts";
import { Pool } from "./groups/pool.ts";
import { addMetrics } from "./metrics.ts";
import { HealthMonitor } from "./monitor.ts";
import { ResourceNews } from "./news.ts";
import { makePeers } from "./proxy/peers.ts";
import { ResourceProxy } from "./proxy/proxy.ts";
import { readiness } from "./readiness.ts";
import { WithdrawalReload } from "./reload.ts";

/**
 * Starts the Resource Manager. @param file where its configuration came from, for `reload`
 * @throws SidetoneError `port-in-use` (exit 2).
 */
export async function startResourceManager(
  section: ResourceManagerConfig,
  context: RoleContext,
  file?: string,
): Promise<RunningRole> {
  const { clock } = context;
  const log = context.log.child({ role: "resource-manager" });
  const startedAt = clock.now();
  const pool = new Pool(section.groups, clock.now());
  const resourceHosts = section.groups.flatMap((g) => g.resources.map((r) => sipUriPlace(r.address)?.host ?? ""));
  const peers = makePeers(section.peers, resourceHosts);
  const journal: SipJournal | undefined =
    section.sipJournal === undefined ? undefined : openSipJournal(section.sipJournal, log);
  const endpoint = new SipEndpoint({
    clock,
    random: context.random,
    log,
    userAgent: "Sidetone Resource Manager",
    largeRequests: "tcp-only",
    allow: ["INVITE", "ACK", "CANCEL", "OPTIONS", "BYE", "SUBSCRIBE"],
    acceptPeer: (ip) => peers.accepts(ip),
    ...(journal === undefined ? {} : { onJournal: (entry) => journal.record(entry) }),
  });
  const news = new ResourceNews({ pool, clock, endpoint });
  const monitor = new HealthMonitor({
    pool,
    clock,
    log,
    ask: (uri, timeoutMs) => endpoint.ask(uri, timeoutMs),
    onChange: (resource) => news.check(resource),
  });
  let http: HttpServer | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      monitor.close();
      await news.close();
      await http?.close();
      await endpoint.close();
      await journal?.close();
    })();
    return closing;
  };
  try {
    if (section.http !== undefined) {
      http = await startHttp({
        role: "resource-manager",
        address: section.http,
        log,
        token: section.apiToken,
        ready: () => readiness(pool, clock.now() - startedAt),
        register: (app) => registerApi(app, { pool, clock, log, news }),
      });
    }
    const machine = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((i) => i.address));
    const observer = addMetrics(http?.metrics ?? new Registry(), pool, clock, () => news.subscribers.length);
    const proxy = new ResourceProxy({
      clock,
      log,
      pool,
      peers,
      self: () => ownAddresses(endpoint.bound, machine),
      send: (request, to, handlers) => endpoint.request(request, to, handlers),
      sendAck: (request, to) => endpoint.sendAck(request, to),
      dismiss: (invite, response) => endpoint.dismiss(invite, response),
      observer,
      maxSessionsPerClient: section.maxSessionsPerClient,
      suspect: (resource) => monitor.suspect(resource),
      subscribe: (tx) => news.subscribe(tx),
    });
    endpoint.onRequest = (tx) => proxy.onRequest(tx);
    endpoint.onDialogRequest = (tx) => proxy.onDialogRequest(tx);
    endpoint.onAck = (ack, flow) => proxy.onAck(ack, flow);
    endpoint.onFlowClosed = (flow) => monitor.connectionClosed(flow.remote);
    for (const address of section.listen) await endpoint.listen(address);
    monitor.start();
  } catch (error) {
    await close();
    throw error;
  }
  const again =
    file === undefined ? undefined : new WithdrawalReload({ file, pool, news, clock, log, load: loadConfigInThread });
  return {
    role: "resource-manager",
    ...(again === undefined ? {} : { reload: () => again.reload() }),
    listening: [
      ...endpoint.bound.map((b) => `${b.transport}://${b.host}:${b.port}`),
      ...(http === undefined ? [] : [http.url]),
    ],
    http: http?.url,
    close,
  };
}
