import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { send } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { AgentsPanel } from "./agents-panel.tsx";
import { AlarmsPanel } from "./alarms-panel.tsx";
import { CallsTable } from "./calls-table.tsx";
import { FirstCall, type StatusHint } from "./first-call.tsx";
import { ListenBar } from "./listen/listen-bar.tsx";
import { LiveFeed } from "./live-feed.ts";
import type { LiveAgent, LiveAlarm, LiveCall, LiveServer, LiveStorage } from "./live-types.ts";
import { type CallFilter, filterStates, matches } from "./live-words.ts";
import { ServersPanel } from "./servers-panel.tsx";
import { serverTime } from "./ticking.tsx";
import "./live.css";

const filter = signal<CallFilter>({ text: "", state: "all" });

/** Live: calls now and what can be done about them, agents, servers, alarms. */
export default function LivePage() {
  const feed = useMemo(() => {
    const made = new LiveFeed();
    return {
      made,
      calls: made.part<LiveCall>("calls"),
      control: made.part<true>("control"),
      agents: made.part<LiveAgent>("agents"),
      servers: made.part<LiveServer>("servers"),
      storages: made.part<LiveStorage>("storages"),
      feeds: made.part<{ connected: boolean }>("feeds"),
      alarms: made.part<LiveAlarm>("alarms"),
      ended: made.part<LiveAlarm>("ended"),
    };
  }, []);
  const [status, setStatus] = useState<StatusHint>();
  useEffect(() => {
    feed.made.open();
    send("GET", "/api/v1/status")
      .then(async (answer) => {
        serverTime(answer.headers.get("date"));
        setStatus((await answer.json()) as StatusHint);
      })
      .catch(() => undefined); // It only helps; that the console is away is seen anyway.
    return () => feed.made.close();
  }, []);
  const known = Array.from(feed.feeds.value.values());
  // Until the SIP Servers have told their calls, no call means nothing.
  const told = feed.made.status.value !== "connecting" && known.length > 0 && known.every(({ connected }) => connected);
  const calls = feed.calls.value;
  return (
    <Page title="Live" wide actions={<Status feed={feed.made} calls={calls.size} told={told} />}>
      <div class="live-page">
        <AlarmsPanel now={feed.alarms.value} ended={feed.ended.value} />
        <Calls calls={calls} control={feed.control.value} told={told} status={status} />
        <div class="live-panels">
          <AgentsPanel agents={feed.agents.value} calls={calls} />
          <ServersPanel servers={feed.servers.value} storages={feed.storages.value} />
        </div>
        <ListenBar />
      </div>
    </Page>
  );
}

function Status({ feed, calls, told }: { feed: LiveFeed; calls: number; told: boolean }) {
  if (feed.status.value === "lost") return <Badge tone="bad">Connection lost, trying again</Badge>;
  if (!told) return <Badge>Connecting</Badge>;
  return <Badge tone="good">Live: {calls === 1 ? "1 call" : `${calls} calls`}</Badge>;
}

function Calls(o: {
  calls: ReadonlyMap<string, LiveCall>;
  control: ReadonlyMap<string, true>;
  told: boolean;
  status: StatusHint | undefined;
}) {
  const wanted = filter.value;
  const shown = Array.from(o.calls.values())
    .filter((call) => matches(call, wanted))
    .toSorted((a, b) => b.createdTime.localeCompare(a.createdTime));
  return (
    <section aria-labelledby="calls-title">
      <div class="calls-head">
        <h2 id="calls-title" class={o.calls.size === 0 ? "visually-hidden" : ""}>
          Calls now
        </h2>
        {o.calls.size > 0 && <FilterBar shown={shown.length} all={o.calls.size} />}
      </div>
      {shown.length > 0 ? (
        <CallsTable calls={shown} control={o.control} />
      ) : o.calls.size > 0 ? (
        <EmptyState title="No call fits">
          <button type="button" onClick={() => (filter.value = { text: "", state: "all" })}>
            Show all {o.calls.size}
          </button>
        </EmptyState>
      ) : o.told ? (
        <FirstCall status={o.status} />
      ) : (
        <LateSpinner what="the calls" />
      )}
    </section>
  );
}

function FilterBar({ shown, all }: { shown: number; all: number }) {
  return (
    <form class="calls-filter" role="search" aria-label="Calls" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span class="visually-hidden">DN, number or agent</span>
        <input
          type="search"
          placeholder="DN, number, agent"
          value={filter.value.text}
          onInput={(event) => (filter.value = { ...filter.value, text: event.currentTarget.value })}
        />
      </label>
      <label>
        <span class="visually-hidden">State</span>
        <select
          value={filter.value.state}
          onChange={(event) =>
            (filter.value = { ...filter.value, state: event.currentTarget.value as CallFilter["state"] })
          }
        >
          {filterStates.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <span class="hint" role="status">
        {shown === all ? "" : `${shown} of ${all}`}
      </span>
    </form>
  );
}
