import { Gauge, type Registry } from "@sidetone/http";
import type { CallWatch } from "./call-watch/call-watch.ts";
import type { MediaThread } from "./media/media-thread.ts";
import type { RecordingSessions } from "./recording-session/recording-sessions.ts";

/** What the recorder knows of its threads. */
export interface RecorderHealth {
  readonly troubled: ReadonlySet<number>;
  /** Duration of the writer's last round, ms. */
  readonly roundMs: number;
}

/** Adds the recorder's numbers to `/metrics`. */
export function addMetrics(
  registry: Registry,
  o: { sessions: RecordingSessions; media: MediaThread; health: RecorderHealth; callWatch?: CallWatch | undefined },
): void {
  const { sessions, media, health } = o;
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `sidetone_recorder_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
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
  gauge("recordings_troubled", "Recordings that the storage refuses now", () => health.troubled.size);
  gauge("write_round_seconds", "Duration of the last round of writing and syncing", () => health.roundMs / 1000);
}
