import { Gauge, type Registry } from "@sidetone/http";
import type { MediaEngine } from "../media/index.ts";
import type { MediaServer } from "./media-server.ts";

/** Adds the Media Server's numbers to `/metrics`; they are read when somebody asks. */
export function addMediaMetrics(registry: Registry, server: MediaServer, engine: MediaEngine): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name: `sidetone_media_${name}`,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge("legs", "Party legs that are up.", () => server.stats.legs);
  gauge("conferences", "Conferences.", () => server.stats.conferences);
  gauge("recorders", "Recorders of conferences.", () => server.stats.recorders);
  gauge("events_sent", "MSML events delivered.", () => server.stats.eventsSent);
  gauge("events_dropped", "MSML events that no dialog took.", () => server.stats.eventsDropped);
  gauge("rtp_received_packets", "RTP packets taken from parties.", async () => (await engine.stats()).received);
  gauge("rtp_sent_packets", "RTP packets sent to parties and recorders.", async () => (await engine.stats()).sent);
  gauge("rtp_dropped_packets", "Packets that the kernel did not take.", async () => (await engine.stats()).dropped);
  gauge("taps", "Replicas to recorders.", async () => (await engine.stats()).taps);

  new Gauge({
    name: "sidetone_media_recording_sessions",
    help: "Recording sessions by phase.",
    labelNames: ["phase"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [phase, count] of server.stats.sessions) this.set({ phase }, count);
    },
  });
  new Gauge({
    name: "sidetone_media_recorder_events",
    help: "Recorder events since the start, by name.",
    labelNames: ["event"],
    registers: [registry],
    collect() {
      for (const [event, count] of server.stats.recorderEvents) this.set({ event }, count);
    },
  });
}
