import { Gauge, type Registry } from "@sidetone/http";
import type { Clock } from "@sidetone/foundation";
import { gaugesOf } from "../gauges.ts";
import { verdicts } from "./judge.ts";
import { totals } from "./totals.ts";
import type { RunningReconciliation } from "./start.ts";

const DAY_MICROS = 86_400_000_000;

/** Adds the numbers of the reconciliation to `/metrics`. */
export function addReconciliationMetrics(registry: Registry, r: RunningReconciliation, clock: Clock): void {
  const gauge = gaugesOf(registry);
  gauge("silent_streams", "R34: streams of running recordings that bring no RTP", () => r.streams.now.length);
  gauge(
    "silent_stream_alarms_total",
    "R34: times that a stream of a running recording brought no RTP",
    () => r.streams.total,
  );
  const { store, reconciler } = r;
  if (store === undefined || reconciler === undefined) return;
  gauge("reconciliation_found_total", "R34: call-parties found missing or partial", () => reconciler.counts().found);
  gauge(
    "reconciliation_lost_later_total",
    "R34: those of them that had been whole",
    () => reconciler.counts().lostLater,
  );
  gauge(
    "reconciliation_failed_rounds_total",
    "R34: rounds that could not be finished",
    () => reconciler.counts().failedRounds,
  );
  new Gauge({
    name: "sidetone_recorder_reconciliation_parties",
    help: "R34: expected call-parties of the last 24 h by verdict",
    labelNames: ["verdict"],
    registers: [registry],
    async collect() {
      const counts = await store.counts({ from: clock.wallMicros() - DAY_MICROS });
      const { byPolicy, ...rest } = totals(counts);
      const all = { ...rest, "by-policy": byPolicy };
      for (const verdict of verdicts) this.set({ verdict }, all[verdict]);
    },
  });
  new Gauge({
    name: "sidetone_recorder_ledger_up",
    help: "R34: 1 where a SIP Server's ledger can be read; 0: what it expects is unknown",
    labelNames: ["sip_server"],
    registers: [registry],
    collect() {
      for (const { sipServer, state } of reconciler.ledgers)
        this.set({ sip_server: sipServer }, state === "up" ? 1 : 0);
    },
  });
}
