import { Counter, Gauge, type Registry } from "@sidetone/http";
import type { LedgerCounts } from "../ledger/ledger.ts";
import type { AuthCounts } from "../registrar/authenticator.ts";
import type { StorageStats } from "../storage/storage.ts";

/** What the metrics count; read when someone asks for `/metrics`. */
export interface MetricSources {
  /** Calls that are up or being set up. */
  readonly calls: () => number;
  readonly registrations: () => { readonly dns: number; readonly contacts: number; readonly unsaved: number };
  readonly ledger: () => LedgerCounts;
  readonly auth: () => AuthCounts;
  readonly storage: () => StorageStats;
}

type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Adds the SIP Server's metrics to `registry`. */
export function addMetrics(registry: Registry, sources: MetricSources): void {
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
  gauge("sidetone_calls", "Calls that are up or being set up.", sources.calls);
  gauge("sidetone_registered_dns", "DNs with at least one registered contact.", () => sources.registrations().dns);
  gauge("sidetone_registered_contacts", "Registered contacts.", () => sources.registrations().contacts);
  counter("sidetone_registrations_unsaved_total", "Registrations that the disk did not take.", [], () => [
    [sources.registrations().unsaved],
  ]);
  counter("sidetone_authentications_total", "Requests judged by digest authentication.", ["outcome"], () => {
    const { accepted, challenged, failed, slowed } = sources.auth();
    return Object.entries({ accepted, challenged, failed, slowed }).map(([outcome, value]) => [value, { outcome }]);
  });
  counter("sidetone_ledger_expected_total", "R34: call-parties that should be recorded.", [], () => [
    [sources.ledger().expected],
  ]);
  counter("sidetone_ledger_resolved_total", "R34: call-parties whose outcome is known.", ["outcome", "reason"], () => {
    const { recorded, partial, notRecorded } = sources.ledger();
    return [
      [recorded, { outcome: "recorded", reason: "" }],
      [partial, { outcome: "partial", reason: "" }],
      ...Array.from(notRecorded, ([reason, value]) => [value, { outcome: "not-recorded", reason }] as const),
    ];
  });
  counter("sidetone_ledger_failed_writes_total", "Ledger lines that the disk did not take.", [], () => [
    [sources.ledger().failedWrites],
  ]);
  gauge("sidetone_storage_queue", "Writes that wait for the disk.", () => sources.storage().queued);
  counter("sidetone_storage_commits_total", "Transactions brought to the disk.", ["outcome"], () => {
    const { batches, failedBatches } = sources.storage();
    return [
      [batches - failedBatches, { outcome: "durable" }],
      [failedBatches, { outcome: "failed" }],
    ];
  });
}
