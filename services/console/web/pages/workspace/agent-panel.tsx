import { useState } from "preact/hooks";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Field } from "../../parts/field.tsx";
import { agentText, notReadyReasons } from "./agent-state.ts";
import { whyNot } from "./call-actions.ts";
import { RefusalNote } from "./refusal-note.tsx";
import { rightsOn } from "./rights.ts";
import type { Workspace } from "./workspace.ts";

const rememberedAgent = "sidetone-agent-id";
const tones: Readonly<Record<string, Tone>> = { Ready: "good", NotReady: "warn", AfterCallWork: "warn" };

/** The agent at the DN: log in and out, ready and not, with a reason. */
export function AgentPanel({ workspace }: { workspace: Workspace }) {
  const { dn = "", person, link, waiting, agent, errors } = workspace.state.value;
  const barred = whyNot("control", {
    dn,
    rights: rightsOn(person?.grants ?? [], dn),
    online: link.kind === "up",
    waiting: (waiting.get("agent") ?? 0) > 0,
  });
  const out = agent.status === undefined || agent.status === "LoggedOut";
  return (
    <section class="panel agent" aria-label="Agent">
      <p class="agent-state">
        <Badge tone={tones[agent.status ?? ""] ?? "plain"}>{agentText(agent)}</Badge>
        {agent.agentId !== undefined && <small>agent {agent.agentId}</small>}
      </p>
      {out ? <LogInForm workspace={workspace} barred={barred} /> : <States workspace={workspace} barred={barred} />}
      {barred !== undefined && <p class="hint">{barred}</p>}
      <RefusalNote error={errors.get("agent")} onDismiss={() => workspace.dismiss("agent")} />
    </section>
  );
}

function LogInForm({ workspace, barred }: { workspace: Workspace; barred: string | undefined }) {
  const [agentId, setAgentId] = useState(() => localStorage.getItem(rememberedAgent) ?? "");
  const [password, setPassword] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (barred !== undefined) return;
    localStorage.setItem(rememberedAgent, agentId);
    void workspace.ask({ kind: "log-in", agentId, password });
    setPassword("");
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label="Agent ID">
        {(ids) => (
          <input
            {...ids}
            autocomplete="off"
            required
            maxLength={64}
            value={agentId}
            onInput={(event) => setAgentId(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="Agent password">
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="off"
            maxLength={256}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" disabled={barred !== undefined}>
        Log in as agent
      </button>
    </form>
  );
}

function States({ workspace, barred }: { workspace: Workspace; barred: string | undefined }) {
  const { status } = workspace.state.value.agent;
  const [reason, setReason] = useState("");
  const disabled = barred !== undefined;
  return (
    <div class="agent-states">
      {status !== "Ready" && (
        <button type="button" class="primary" disabled={disabled} onClick={() => void workspace.ask({ kind: "ready" })}>
          Ready
        </button>
      )}
      <div class="one-line">
        <Field label="Reason">
          {(ids) => (
            <select {...ids} value={reason} onChange={(event) => setReason(event.currentTarget.value)}>
              <option value="">none</option>
              {notReadyReasons.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Field>
        <button type="button" disabled={disabled} onClick={() => void workspace.ask({ kind: "not-ready", reason })}>
          Not ready
        </button>
      </div>
      <div class="call-buttons">
        {status !== "AfterCallWork" && (
          <button type="button" disabled={disabled} onClick={() => void workspace.ask({ kind: "after-call-work" })}>
            After-call work
          </button>
        )}
        <button type="button" class="quiet" disabled={disabled} onClick={() => void workspace.ask({ kind: "log-out" })}>
          Log out
        </button>
      </div>
    </div>
  );
}
