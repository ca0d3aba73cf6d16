import { Gauge, type Registry } from "@sidetone/http";
import type { CallWatch } from "./call-watch/call-watch.ts";
import { gaugesOf } from "./gauges.ts";
import type { PatientIndex } from "./index/patient-index.ts";
import type { MediaThread } from "./media/media-thread.ts";
import { alarmCodes } from "./store/storage-health.ts";
import type { StorageWatch } from "./store/storage-watch.ts";
import type { RecordingSessions } from "./recording-session/recording-sessions.ts";

/** Adds the recorder's numbers to `/metrics`. */
export function addMetrics(
  registry: Registry,
  o: {
    sessions: RecordingSessions;
    media: MediaThread;
    storage: StorageWatch;
    index: PatientIndex;
    callWatch?: CallWatch | undefined;
  },
): void {
  const { sessions, media, storage, index } = o;
  const gauge = gaugesOf(registry);
  gauge("sessions", "Recording sessions now", () => sessions.counts().sessions);
  gauge("recordings", "Recordings being written now", () => sessions.counts().recordings);
  gauge("sessions_started_total", "Recording sessions accepted", () => sessions.counts().started);
  gauge("sessions_refused_total", "Recording sessions refused", () => sessions.counts().refused);
  gauge("recordings_complete_total", "Recordings that ended complete", () => sessions.counts().ended.complete);
  gauge("recordings_partial_total", "Recordings that ended partial", () => sessions.counts().ended.partial);
  gauge("recordings_failed_total", "Recordings that failed", () => sessions.counts().ended.failed);
  gauge("packets_received_total", "Datagrams received on media ports", () => media.counters.received);
  gauge("media_ports_used", "RTP port pairs in use", () => media.counters.portsUsed);
  gauge("t_library_up", "1 while a T-Library session is open", () => (o.callWatch?.connected === true ? 1 : 0));
  gauge("t_library_registrations", "DNs registered at SIP Server", () => o.callWatch?.registrations ?? 0);
  gauge("recordings_troubled", "Recordings that the storage refuses now", () => storage.health.troubled.size);
  gauge(
    "write_round_seconds",
    "Duration of the last round of writing and syncing",
    () => storage.health.roundMs / 1000,
  );
  gauge("storage_free_bytes", "Room on the disk of the recordings", () => storage.health.room?.freeBytes ?? 0);
  gauge("storage_size_bytes", "Size of the disk of the recordings", () => storage.health.room?.sizeBytes ?? 0);
  gauge("storage_stalled_seconds", "How long the disk has not answered by now", () => storage.health.stalledMs / 1000);
  new Gauge({
    name: "sidetone_recorder_storage_alarm",
    help: "1 while something is wrong with the storage, see GET /api/v1/storage",
    labelNames: ["code"],
    registers: [registry],
    collect() {
      for (const code of alarmCodes) this.set({ code }, storage.health.alarms.some((a) => a.code === code) ? 1 : 0);
    },
  });
  gauge("index_refuses", "1 while the index takes no rows", () => (index.trouble === undefined ? 0 : 1));
  gauge("index_rows_waiting", "Rows that the index does not have yet", () => index.waiting);
}
