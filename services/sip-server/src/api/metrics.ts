import { Counter, Gauge, type Registry } from "@sidetone/http";
import type { SignallingJournal } from "../journal/index.ts";
import type { TlibStats } from "../t-library/index.ts";
import type { ApiParts } from "./routes.ts";

type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Adds the SIP Server's metrics to `registry`, the `metrics` of its `HttpServer`. They are read when someone asks. */
export function registerMetrics(
  registry: Registry,
  parts: Omit<ApiParts, "calls" | "journals"> & {
    readonly calls: () => readonly unknown[];
    readonly signalling: Pick<SignallingJournal, "stats"> | undefined;
  },
): void {
  const tlib = (): TlibStats => parts.tlib.stats();
  const gauge = (name: string, help: string, read: () => number): void => {
    // The registry keeps it.
    void new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): void => {
    void new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, labels] of read()) this.inc(labels ?? {}, value);
      },
    });
  };
  gauge("sidetone_calls", "Calls that are up or being set up.", () => parts.calls().length);
  counter("sidetone_call_snapshots_total", "R33: how calls stand, written for a restart.", [], () => [
    [parts.store.stats().snapshots],
  ]);
  counter("sidetone_call_snapshot_bytes_total", "R33: size of what was written.", [], () => [
    [parts.store.stats().bytes],
  ]);
  gauge("sidetone_registered_dns", "DNs with at least one registered contact.", () => parts.registrar.counts().dns);
  gauge("sidetone_registered_contacts", "Registered contacts.", () => parts.registrar.counts().contacts);
  counter("sidetone_registrations_unsaved_total", "Registrations that the disk did not take.", [], () => [
    [parts.registrar.counts().unsaved],
  ]);
  counter("sidetone_authentications_total", "Requests judged by digest authentication.", ["outcome"], () => {
    const { accepted, challenged, failed, slowed } = parts.authenticator.counts();
    return Object.entries({ accepted, challenged, failed, slowed }).map(([outcome, value]) => [value, { outcome }]);
  });
  counter("sidetone_ledger_expected_total", "R34: call-parties that should be recorded.", [], () => [
    [parts.ledger.counts().expected],
  ]);
  counter("sidetone_ledger_resolved_total", "R34: call-parties whose outcome is known.", ["outcome", "reason"], () => {
    const { recorded, partial, notRecorded } = parts.ledger.counts();
    return [
      [recorded, { outcome: "recorded", reason: "" }],
      [partial, { outcome: "partial", reason: "" }],
      ...Array.from(notRecorded, ([reason, value]) => [value, { outcome: "not-recorded", reason }] as const),
    ];
  });
  counter("sidetone_ledger_failed_writes_total", "Ledger lines that the disk did not take.", [], () => [
    [parts.ledger.counts().failedWrites],
  ]);
  gauge("sidetone_tlib_sessions", "T-Library sessions, with those that wait for their client.", () => tlib().sessions);
  gauge("sidetone_tlib_connections", "T-Library connections.", () => tlib().connections);
  gauge("sidetone_tlib_registrations", "DNs registered by T-Library sessions.", () => tlib().registrations);
  gauge("sidetone_tlib_kept_bytes", "Messages that clients have not acknowledged, in bytes.", () => tlib().keptBytes);
  counter("sidetone_tlib_events_total", "Events about calls given to T-Library sessions.", [], () => [
    [tlib().messages],
  ]);
  counter("sidetone_tlib_refused_sessions_total", "T-Library sessions that failed or were ended.", ["reason"], () => [
    [tlib().failedLogins, { reason: "authentication" }],
    [tlib().slowConsumers, { reason: "slow-consumer" }],
  ]);
  counter("sidetone_call_journal_messages_total", "SIP messages of calls, kept or dropped.", ["outcome"], () => {
    const { frames, dropped } = parts.signalling?.stats() ?? { frames: 0, dropped: 0 };
    return [
      [frames, { outcome: "kept" }],
      [dropped, { outcome: "dropped" }],
    ];
  });
  gauge("sidetone_storage_queue", "Writes that wait for the disk.", () => parts.storage.stats().queued);
  counter("sidetone_storage_commits_total", "Transactions brought to the disk.", ["outcome"], () => {
    const { batches, failedBatches } = parts.storage.stats();
    return [
      [batches - failedBatches, { outcome: "durable" }],
      [failedBatches, { outcome: "failed" }],
    ];
  });
}
