import type { MediaServerConfig } from "@sidetone/config";
import { errorText, type Logger, type RoleContext, type RunningRole, SidetoneError } from "@sidetone/foundation";
import { startHttp } from "@sidetone/http";
import {
  hearOfResources,
  nameAddr,
  openSipJournal,
  parseUri,
  peerCheck,
  SipEndpoint,
  type SipTransport,
} from "@sidetone/sip";
import { startMediaEngine } from "./media/index.ts";
import { openAudioFiles, promptFolder, PromptLibrary, shippedPrompts } from "./prompts/index.ts";
import { addMediaMetrics } from "./server/metrics.ts";
import { MediaServer, supportedExtensions } from "./server/media-server.ts";

/** What tests put in place of the real thing. */
export interface MediaServerSeams {
  readonly startEngine?: typeof startMediaEngine;
  /** Told of what cannot be lived with. Default: the process ends as of an error that nobody caught, in good order, with an exit code that makes a supervisor start it again. */
  readonly fatal?: (error: SidetoneError) => void;
}

/**
 * Starts the Media Server: SIP, the media engine in its worker, HTTP where configured. Without its engine it is no
 * Media Server: when the worker dies the calls end and the role is `fatal`.
 * @throws SidetoneError `port-in-use` (exit 2) and what the engine throws; what was opened is closed again.
 */
export async function startMediaServer(
  config: MediaServerConfig,
  context: RoleContext,
  seams: MediaServerSeams = {},
): Promise<RunningRole> {
  const { clock, random } = context;
  const log = context.log.child({ role: "media-server" });
  const journal = config.sipJournal === undefined ? undefined : openSipJournal(config.sipJournal, log);
  const opened: (() => Promise<unknown>)[] = [];
  if (journal !== undefined) opened.push(() => journal.close());
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) {
      await close().catch((error: unknown) => log.warn({ error: errorText(error) }, "not closed cleanly"));
    }
  };
  try {
    const engine = await (seams.startEngine ?? startMediaEngine)({
      rtp: config.rtp,
      log,
      clock,
      random,
      inactiveAfterMs: config.rtpTimeoutMs,
      ...(config.recordFolder === undefined ? {} : { openAudioFile: openAudioFiles(config.recordFolder) }),
    });
    opened.push(() => engine.close());
    const sip = new SipEndpoint({
      clock,
      random,
      log,
      userAgent: "Sidetone Media Server",
      supported: supportedExtensions,
      accept: ["application/sdp", "application/msml+xml"],
      largeRequests: "tcp-only",
      acceptPeer: peerCheck(config.peers),
      ...(journal === undefined ? {} : { onJournal: (entry) => journal.record(entry) }),
    });
    opened.push(() => sip.close());
    warnOfKeysInClear(config, log);
    const server = new MediaServer({
      clock,
      log,
      random,
      sip,
      engine,
      resourceManagers: config.resourceManagers,
      recorderProfiles: config.recorderProfiles,
      from: ownAddress(config),
      capacity: capacityOf(config),
      rtpTimeoutMs: config.rtpTimeoutMs,
      prompts: new PromptLibrary(promptFolder(config.prompts ?? shippedPrompts)),
      promptsHttp: config.promptsHttp,
      recordsToFiles: config.recordFolder !== undefined,
      clients: config.msmlClients ?? [],
    });
    opened.push(() => server.close());
    engine.on("failed", (cause) => {
      (seams.fatal ?? uncaught)(
        new SidetoneError("media-engine-failed", `the media engine ended by itself: ${errorText(cause)}`, {
          exit: 1,
          remedy: "Start the Media Server again (a supervisor does); the log has the worker's last words.",
          cause,
        }),
      );
    });
    sip.onRequest = (tx) => server.onRequest(tx);
    sip.onFlowClosed = (flow) => server.connectionClosed(flow);
    const listening: string[] = [];
    for (const address of config.listen) listening.push(urlOf(await sip.listen(address)));
    opened.push(
      hearOfResources({
        subscribe: (o) => sip.subscribe(o),
        log,
        resourceManagers: config.resourceEvents ? config.resourceManagers : [],
        service: "recording-server",
        onLost: (uri) => server.recorderLost(uri),
        onManager: (uri, answers) => server.managerAnswers(uri, answers),
      }),
    );
    const http =
      config.http === undefined
        ? undefined
        : await startHttp({
            role: "media-server",
            address: config.http,
            log,
            token: config.apiToken,
            ready: () => ({ ok: !server.stats.draining, reasons: server.stats.draining ? ["closing"] : [] }),
          });
    if (http !== undefined) {
      opened.push(() => http.close());
      addMediaMetrics(http.metrics, server, engine);
      listening.push(http.url);
    }
    let closing: Promise<void> | undefined;
    return { role: "media-server", listening, http: http?.url, close: () => (closing ??= closeAll()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Out of every promise and listener, so that it ends the process in the CLI's way. */
function uncaught(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

/** Two ports for a leg, and as many again for its replica: what one recorded party takes. */
function capacityOf(config: MediaServerConfig): number {
  const ports = config.rtp.portMax - config.rtp.portMin + 1;
  return Math.floor(ports / 4);
}

function ownAddress(config: MediaServerConfig): ReturnType<typeof nameAddr> {
  const uri = parseUri(`sip:media-server@${config.rtp.advertise}`);
  if (!uri.ok) throw new Error(uri.error);
  return nameAddr(uri.value, "Sidetone Media Server");
}

function urlOf(bound: { readonly transport: SipTransport; readonly host: string; readonly port: number }): string {
  const host = bound.host.includes(":") ? `[${bound.host}]` : bound.host;
  return `${bound.transport}://${host}:${bound.port}`;
}

/** RFC 4568 9: there is no transport yet that hides the keys of SDES. */
function warnOfKeysInClear({ recorderProfiles, resourceManagers }: MediaServerConfig, log: Logger): void {
  const profiles = Array.from(recorderProfiles.values()).filter(({ srtp }) => srtp !== "off");
  const isHidden = (uri: string): boolean => uri.toLowerCase().startsWith("sips:");
  if (profiles.length === 0 || (resourceManagers.length > 0 && resourceManagers.every(isHidden))) return;
  const names = profiles.map(({ name }) => name);
  log.warn(
    { profiles: names },
    "SRTP keys go to recorders over a transport that is not TLS: whoever reads it can listen",
  );
}
