import type { RecorderConfig } from "@sidetone/config";
import { type RoleContext, type RunningRole, SidetoneError, delay, errorText } from "@sidetone/foundation";
import { type HttpServer, startHttp } from "@sidetone/http";
import { WriterThread } from "@sidetone/recording-file";
import { CallWatch } from "./call-watch/call-watch.ts";
import { watchedIndex } from "./call-watch/watched-index.ts";
import { SipEndpoint, checkExtensions, hidesKeys, openSipJournal, peerCheck } from "@sidetone/sip";
import { addRecordingsApi } from "./api/recordings-api.ts";
import { openIndex } from "./index/open-index.ts";
import { PatientIndex } from "./index/patient-index.ts";
import { CLOSE_TIMEOUT_MS, RESTART_MS, SILENCE_MS } from "./limits.ts";
import { MediaThread } from "./media/media-thread.ts";
import { addMetrics } from "./metrics.ts";
import { RecordingSessions } from "./recording-session/recording-sessions.ts";
import { addReconciliationMetrics } from "./reconciliation/metrics.ts";
import { addReconciliationApi } from "./reconciliation/reconciliation-api.ts";
import { startReconciliation } from "./reconciliation/start.ts";
import { ACCEPTED_BODIES } from "./recording-session/session-body.ts";
import { reconcile } from "./store/recording-files.ts";
import { lockStorage } from "./store/storage-lock.ts";

/**
 * Starts the recorder: files and index are put in step first, then it listens.
 * @throws SidetoneError `port-in-use` (exit 2), `storage-in-use`, `index-not-available`, `database-damaged`, `storage-not-available` (exit 1).
 */
export async function startRecorder(config: RecorderConfig, context: RoleContext): Promise<RunningRole> {
  const { clock, random } = context;
  const log = context.log.child({ role: "recorder" });
  const root = config.storage.directory;
  const undo: (() => Promise<void> | void)[] = [];
  try {
    undo.push(lockStorage(root));
    const stored = await openIndex(config.storage);
    let callWatch: CallWatch | undefined;
    const index = watchedIndex(new PatientIndex(stored, clock, log), (row) => callWatch?.row(row));
    undo.push(() => index.close());
    const recovered = await reconcile({ root, index: stored, clock, log }).catch((error: unknown) => {
      if (error instanceof SidetoneError) throw error;
      throw new SidetoneError("storage-not-available", `recorder.storage.directory ${root}: ${errorText(error)}`, {
        exit: 1,
        remedy: "Choose a folder that the user who runs Sidetone may write.",
        cause: error,
      });
    });
    const reconciliation = await startReconciliation({ config, index, clock, log });
    undo.push(() => reconciliation.close());
    const health = { writerAlive: true, mediaAlive: true, troubled: new Set<number>(), roundMs: 0 };
    // The threads speak before the sessions exist only if they die.
    let sessions: RecordingSessions | undefined;
    let reviving: Promise<void> | undefined;
    let closing: Promise<void> | undefined;
    const revive = async (): Promise<void> => {
      await delay(clock, RESTART_MS);
      if (closing !== undefined) return;
      writer.revive();
      await media.revive(writer.port());
      health.writerAlive = true;
      health.mediaAlive = true;
      sessions?.restored();
      log.warn({}, "the threads were started again: new sessions are recorded");
    };
    const died = (code: string, message: string, error: Error): void => {
      log.error({ err: error }, `${message}: nothing is recorded any more`);
      health.troubled.clear();
      const plain = { code, message, remedy: undefined };
      // A death while the other one is mourned is repaired with it.
      reviving ??= (sessions?.abandon(plain, health.writerAlive) ?? Promise.resolve())
        .then(revive)
        .catch((thrown: unknown) => log.error({ err: thrown }, "the threads could not be started again"))
        .finally(() => {
          reviving = undefined;
        });
    };
    const writer = new WriterThread(root, {
      onTrouble: (handle, error) => {
        health.troubled.add(handle);
        sessions?.trouble(handle, error);
      },
      onRelief: (handle) => health.troubled.delete(handle),
      onLost: (handle, error) => sessions?.lost(handle, error),
      onEnded: (handle, _frames, error) => {
        health.troubled.delete(handle);
        void sessions?.ended(handle, error);
      },
      onRound: (ms) => {
        health.roundMs = ms;
      },
      onDeath: (error) => {
        health.writerAlive = false;
        died("writer-died", "the writer thread died", error);
      },
    });
    undo.push(() => writer.close());
    const silenceMs = config.reconciliation?.silenceMs ?? SILENCE_MS;
    const { address, advertise, portMin, portMax, packetIo } = config.rtp;
    const srtp = config.srtp ?? "optional";
    if (srtp === "required" && config.listen.some(({ transport }) => !hidesKeys(transport)))
      log.warn(
        {},
        "recorder.srtp is required, but keys come over a transport that is not TLS: whoever reads the signalling can listen",
      );
    const showDigits = config.dtmfDigits === "shown";
    const setup = { address, portMin, portMax, packetIo, rtpTimeoutMs: config.rtpTimeoutMs, silenceMs, showDigits };
    const media = new MediaThread(setup, writer.port(), log, {
      onSilent: (session) => sessions?.silent(session),
      onStream: (session, channel, silentMs) => {
        const of = sessions?.recordingOf(session);
        if (silentMs === 0) reconciliation.streams.back(session, channel);
        else if (of !== undefined)
          reconciliation.streams.silent({ session, channel, recordingId: of.id, callUuid: of.callUuid, silentMs });
      },
      onClosed: (session, lanes) => {
        reconciliation.streams.over(session);
        log.debug({ session, lanes }, "streams of a recording session closed");
      },
      onDeath: (error) => {
        health.mediaAlive = false;
        died("media-died", "the media thread died", error);
      },
    });
    undo.push(() => media.close());
    const journal = config.sipJournal === undefined ? undefined : openSipJournal(config.sipJournal, log);
    if (journal !== undefined) undo.push(() => journal.close());
    const supported = ["100rel", "timer", "siprec"];
    const sip = new SipEndpoint({
      clock,
      random,
      log,
      userAgent: "Sidetone-Recorder",
      supported,
      accept: ACCEPTED_BODIES,
      acceptPeer: peerCheck(config.peers),
      largeRequests: "tcp-only",
      ...(journal === undefined ? {} : { onJournal: (entry) => journal.record(entry) }),
    });
    undo.push(() => sip.close());
    const running = new RecordingSessions({ root, sip, media, writer, index, clock, random, log, advertise, srtp });
    sessions = running;
    if (config.tLibrary !== undefined) {
      const watch = new CallWatch({
        config: config.tLibrary,
        clock,
        log,
        note: (id, line) => {
          const recording = running.recordingOf(id);
          if (recording === undefined || recording.ending !== undefined) return;
          media.send({ do: "note", handle: recording.handle, wallMicros: clock.wallMicros(), line });
          running.changed(recording);
        },
      });
      callWatch = watch;
      undo.push(() => watch.close());
    }
    const ready = (): { ok: boolean; reasons: string[] } => {
      const reasons: string[] = [];
      if (!health.writerAlive) reasons.push("the writer thread is dead");
      if (!health.mediaAlive) reasons.push("the media thread is dead");
      if (health.troubled.size > 0) reasons.push(`the storage refuses ${health.troubled.size} recordings`);
      if (running.draining) reasons.push("shutting down");
      return { ok: reasons.length === 0, reasons };
    };
    sip.onRequest = (tx) => {
      const { method } = tx.request;
      // RFC 3261 8.2: the method is looked at first; inside a dialog the session does the same.
      const refusal = sip.allow.includes(method) ? checkExtensions(tx.request, new Set(supported)) : undefined;
      if (refusal !== undefined) tx.respond(refusal.status, { headers: refusal.headers ?? [] });
      else if (method === "INVITE") running.invite(tx);
      else if (method === "OPTIONS") {
        const { portsTotal, lanes } = media.counters;
        const { sessions: now } = running.counts();
        // A session has two streams; capacity is what the ports allow.
        const capacity = portsTotal === 0 ? "" : `;capacity=${Math.floor((portsTotal - lanes) / 2) + now}`;
        const { ok } = ready();
        const load = `sessions=${now}${capacity}${running.draining ? ";draining" : ""}`;
        tx.respond(ok ? 200 : 503, {
          headers: [
            ["Allow", sip.allow.join(", ")],
            ["X-Resource-Load", load],
            ...(ok ? [] : [["Retry-After", "5"] as const]),
          ],
        });
      } else tx.respond(405, { headers: [["Allow", "INVITE, ACK, CANCEL, OPTIONS"]] });
    };
    const listening: string[] = [];
    for (const wanted of config.listen) {
      const bound = await sip.listen(wanted);
      listening.push(`${bound.transport}://${bound.host}:${bound.port}`);
    }
    let http: HttpServer | undefined;
    if (config.http !== undefined) {
      http = await startHttp({
        role: "recorder",
        address: config.http,
        log,
        token: config.apiToken,
        ready,
        register: (app) => {
          addRecordingsApi(app, { index, root });
          addReconciliationApi(app, reconciliation);
        },
      });
      const server = http;
      undo.push(() => server.close());
      listening.push(http.url);
      addMetrics(http.metrics, { sessions: running, media, health, callWatch });
      addReconciliationMetrics(http.metrics, reconciliation, clock);
    }
    log.info({ listening, storage: root, recovered }, "recorder runs");
    const close = async (): Promise<void> => {
      await running.close(CLOSE_TIMEOUT_MS);
      await unwind(undo);
      log.info({}, "recorder stopped");
    };
    return { role: "recorder", listening, http: http?.url, close: () => (closing ??= close()) };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

async function unwind(undo: (() => Promise<void> | void)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}
