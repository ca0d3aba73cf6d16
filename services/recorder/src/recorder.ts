import type { RecorderConfig } from "@sidetone/config";
import { type RoleContext, type RunningRole, SidetoneError, delay, errorText } from "@sidetone/foundation";
import { type HttpServer, startHttp } from "@sidetone/http";
import {
  GIVE_UP_MS,
  type PlainError,
  WriterThread,
  type WriterThreadEvents,
  type WriterThreadOptions,
} from "@sidetone/recording-file";
import { CallWatch } from "./call-watch/call-watch.ts";
import { watchedIndex } from "./call-watch/watched-index.ts";
import { SipEndpoint, checkExtensions, hidesKeys, openSipJournal, peerCheck } from "@sidetone/sip";
import { addAlarmsApi } from "./api/alarms-api.ts";
import { addRecordingsApi } from "./api/recordings-api.ts";
import { openIndex } from "./index/open-index.ts";
import { PatientIndex } from "./index/patient-index.ts";
import { SourcesIndex } from "./index/sources-index.ts";
import { LiveListening } from "./listening/live-listening.ts";
import { CLOSE_TIMEOUT_MS, PEAKS_AHEAD_MS, RESTART_MS, SILENCE_MS } from "./limits.ts";
import { MediaThread } from "./media/media-thread.ts";
import { addMetrics } from "./metrics.ts";
import { PeakThread } from "./peaks/peak-thread.ts";
import { RecordingSessions } from "./recording-session/recording-sessions.ts";
import { addReconciliationMetrics } from "./reconciliation/metrics.ts";
import { addReconciliationApi } from "./reconciliation/reconciliation-api.ts";
import { startReconciliation } from "./reconciliation/start.ts";
import { ACCEPTED_BODIES } from "./recording-session/session-body.ts";
import { noteBehind } from "./store/behind.ts";
import { readRow, reconcile } from "./store/recording-files.ts";
import { addStorageApi } from "./store/storage-api.ts";
import { lockStorage } from "./store/storage-lock.ts";
import { StorageWatch, lookAt } from "./store/storage-watch.ts";

/** What tests shorten. */
export type RecorderTimes = Pick<WriterThreadOptions, "giveUpMs">;

/**
 * Starts the recorder: files and index are put in step first, then it listens.
 * @throws SidetoneError `port-in-use` (exit 2), `storage-in-use`, `index-not-available`, `database-damaged`, `storage-not-available` (exit 1).
 */
export async function startRecorder(
  config: RecorderConfig,
  context: RoleContext,
  times: RecorderTimes = {},
): Promise<RunningRole> {
  const { clock, random } = context;
  const log = context.log.child({ role: "recorder" });
  const root = config.storage.directory;
  const undo: (() => Promise<void> | void)[] = [];
  let writer: WriterThread | undefined;
  try {
    undo.push(lockStorage(root));
    const stored = await openIndex(config.storage, { log, random });
    const rowOf = (folder: string) => readRow(root, folder);
    const sources = new SourcesIndex(stored, rowOf);
    const peaks = new PeakThread(root);
    undo.push(() => peaks.close());
    const patient = new PatientIndex(sources, {
      clock,
      log,
      onBehind: (since) => noteBehind(root, since),
      onStored: ({ document, folder }) => {
        if (document.state === "recording") return;
        writer?.noted(folder);
        if (document.durationMs >= PEAKS_AHEAD_MS) void peaks.prepare(folder);
      },
    });
    let callWatch: CallWatch | undefined;
    const index = watchedIndex(patient, (row) => callWatch?.row(row));
    const rowOfCopy = async (id: string) => {
      const row = await index.get(id);
      return row?.document.sources === undefined ? row : await sources.ofCopy(id);
    };
    undo.push(() => index.close());
    const recovered = await reconcile({ root, index: sources, clock, log }).catch((error: unknown) => {
      if (error instanceof SidetoneError) throw error;
      throw new SidetoneError("storage-not-available", `recorder.storage.directory ${root}: ${errorText(error)}`, {
        exit: 1,
        remedy: "Choose a folder that the user who runs Sidetone may write.",
        cause: error,
      });
    });
    const reconciliation = await startReconciliation({ config, index, clock, log });
    undo.push(() => reconciliation.close());
    const health = { writerAlive: true, mediaAlive: true };
    const storage = new StorageWatch({ clock, log, look: lookAt(root) });
    undo.push(() => storage.close());
    // The threads speak before the sessions exist only if they die.
    let sessions: RecordingSessions | undefined;
    let reviving: Promise<void> | undefined;
    let closing: Promise<void> | undefined;
    const revive = async (): Promise<void> => {
      await delay(clock, RESTART_MS);
      if (closing !== undefined) return;
      writing.revive();
      await media.revive(writing.port());
      health.writerAlive = true;
      health.mediaAlive = true;
      sessions?.restored();
      log.warn({}, "the threads were started again: new sessions are recorded");
    };
    const died = (code: string, message: string, error: Error): void => {
      log.error({ err: error }, `${message}: nothing is recorded any more`);
      storage.writerLost();
      const plain = { code, message, remedy: undefined };
      // A death while the other one is mourned is repaired with it.
      reviving ??= (sessions?.abandon(plain, health.writerAlive) ?? Promise.resolve())
        .then(revive)
        .catch((thrown: unknown) => log.error({ err: thrown }, "the threads could not be started again"))
        .finally(() => {
          reviving = undefined;
        });
    };
    const giveUpMs = times.giveUpMs ?? GIVE_UP_MS;
    const events: WriterThreadEvents = {
      onTrouble: (handle, error) => {
        storage.trouble(handle, error);
        sessions?.trouble(handle, error);
      },
      onRelief: (handle) => storage.relief(handle),
      onLost: (handle, error) => sessions?.lost(handle, error),
      onEnded: (handle, _frames, error) => {
        storage.relief(handle);
        void sessions?.ended(handle, error);
      },
      onRound: (ms) => storage.round(ms),
      onStall: (ms) => {
        storage.writerStalled(ms);
        if (ms >= giveUpMs) sessions?.lostAll(STALLED);
      },
      onStallOver: () => storage.writerStalled(0),
      onDeath: (error) => {
        health.writerAlive = false;
        died("writer-died", "the writer thread died", error);
      },
    };
    const writing = new WriterThread(root, events, { giveUpMs, keepMarkers: true, clock });
    writer = writing;
    undo.push(() => writing.close());
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
    const media = new MediaThread(setup, writing.port(), log, {
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
      onHeard: (handle, audio) => liveListening.heard(handle, audio),
      onDeath: (error) => {
        health.mediaAlive = false;
        died("media-died", "the media thread died", error);
      },
    });
    undo.push(() => media.close());
    const liveListening = new LiveListening({ clock, media });
    undo.push(() => liveListening.close());
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
    const running = new RecordingSessions({
      root,
      sip,
      media,
      writer: writing,
      index,
      rowOfCopy,
      clock,
      random,
      log,
      advertise,
      srtp,
    });
    sessions = running;
    if (config.tLibrary !== undefined) {
      const watch = new CallWatch({
        config: config.tLibrary,
        clock,
        log,
        onHold: (id, held) => reconciliation.streams.held(id, held),
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
      if (running.draining) reasons.push("shutting down");
      const ok = reasons.length === 0 && storage.refusals.length === 0;
      // Recording goes on without the index: who places sessions shall not leave for it.
      if (patient.trouble !== undefined)
        reasons.push(`the index takes no rows, ${patient.waiting} wait: ${patient.trouble}`);
      return { ok, reasons: [...reasons, ...storage.health.alarms.map(({ text }) => text)] };
    };
    const mayServe = (): boolean => {
      // A stall that passes must not make anybody take this recorder for lost: what it records goes on.
      const lasting = storage.refusals.filter(({ code }) => code !== "disk-stalled");
      const hung = storage.health.stalledMs >= giveUpMs;
      return health.writerAlive && health.mediaAlive && lasting.length === 0 && !hung;
    };
    sip.onRequest = (tx) => {
      const { method } = tx.request;
      // RFC 3261 8.2: the method is looked at first; inside a dialog the session does the same.
      const refusal = sip.allow.includes(method) ? checkExtensions(tx.request, new Set(supported)) : undefined;
      if (refusal !== undefined) tx.respond(refusal.status, { headers: refusal.headers ?? [] });
      else if (method === "INVITE" && storage.stalled)
        tx.respond(503, { headers: [["Retry-After", "5"]], reason: "Storage Stalled" });
      else if (method === "INVITE") running.invite(tx);
      else if (method === "OPTIONS") {
        const { portsTotal, lanes } = media.counters;
        const { sessions: now } = running.counts();
        // A session has two streams; capacity is what the ports allow.
        const capacity = portsTotal === 0 ? "" : `;capacity=${Math.floor((portsTotal - lanes) / 2) + now}`;
        const ok = mayServe() && !running.draining;
        const words = [running.draining ? ";draining" : "", storage.health.alarms.length > 0 ? ";reluctant" : ""];
        const load = `sessions=${now}${capacity}${words.join("")}`;
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
          const live = { listening: liveListening, recordingOf: (id: string) => running.recordingOf(id) };
          addRecordingsApi(app, { index, root, clock, live, peaks });
          addAlarmsApi(app, { reconciliation, watch: storage });
          addStorageApi(app, { root, watch: storage });
          addReconciliationApi(app, reconciliation);
        },
      });
      const server = http;
      undo.push(() => server.close());
      listening.push(http.url);
      addMetrics(http.metrics, { sessions: running, media, storage, index: patient, callWatch });
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

const STALLED: PlainError = { code: "disk-stalled", message: "the storage does not answer", remedy: undefined };

async function unwind(undo: (() => Promise<void> | void)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}
