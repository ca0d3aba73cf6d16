import { Badge } from "../../parts/badge.tsx";
import type { LiveAgent, LiveCall } from "./live-types.ts";
import { callState } from "./live-words.ts";

const words: Readonly<Record<string, string>> = {
  Ready: "ready",
  NotReady: "not ready",
  AfterCallWork: "after-call work",
  LoggedIn: "logged in",
};

/** Who is logged in where, and what they do. */
export function AgentsPanel({
  agents,
  calls,
}: {
  agents: ReadonlyMap<string, LiveAgent>;
  calls: ReadonlyMap<string, LiveCall>;
}) {
  const busy = new Map(Array.from(calls.values()).flatMap((call) => call.parties.map(({ dn }) => [dn, call] as const)));
  const all = Array.from(agents.values()).toSorted((a, b) =>
    a.agentId.localeCompare(b.agentId, undefined, { numeric: true }),
  );
  return (
    <section class="panel" aria-labelledby="agents-title">
      <h2 id="agents-title">Agents {all.length > 0 && <small>{all.length}</small>}</h2>
      {all.length === 0 ? (
        <p class="hint">Nobody is logged in. Agents log in at their workspace, or by T-Library (RequestAgentLogin).</p>
      ) : (
        <ul class="live-list">
          {all.map(({ agentId, dn, status, queue }) => {
            const call = busy.get(dn);
            return (
              <li key={agentId}>
                <span>
                  <strong>{agentId}</strong> at {dn}
                  {queue !== undefined && <span class="hint"> queue {queue}</span>}
                </span>
                <span class="live-badges">
                  {call !== undefined && <Badge>{callState(call)}</Badge>}
                  <Badge tone={status === "Ready" ? "good" : "plain"}>{words[status] ?? status}</Badge>
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
