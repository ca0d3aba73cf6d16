import { Badge, type Tone } from "../../parts/badge.tsx";
import type { LiveServer, LiveStorage } from "./live-types.ts";
import { bytesText, serverKinds } from "./live-words.ts";

const tones: Readonly<Record<string, Tone>> = { up: "good", failing: "warn", withdrawn: "warn", lost: "bad" };

/** Media servers, recorders and those beside them: health, and how much of them is in use. */
export function ServersPanel(o: {
  servers: ReadonlyMap<string, LiveServer>;
  storages: ReadonlyMap<string, LiveStorage>;
}) {
  return (
    <section class="panel" aria-labelledby="servers-title">
      <h2 id="servers-title">Media servers and recorders</h2>
      {o.servers.size === 0 ? (
        <p class="hint">None is known yet: they are asked of the Resource Managers in console.roles.</p>
      ) : (
        <ul class="live-list">
          {Array.from(o.servers, ([key, server]) => (
            <Server key={key} server={server} />
          ))}
          {Array.from(o.storages, ([url, storage]) => (
            <Storage key={url} storage={storage} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Server({ server: { kind, address, state, reason, sessions, capacity } }: { server: LiveServer }) {
  return (
    <li>
      <span>
        <strong>{serverKinds[kind]}</strong>{" "}
        <span class="mono">{address.replace(/^sips?:/, "").replace(/;.*/, "")}</span>
        {reason !== null && <span class="hint"> {reason}</span>}
      </span>
      <span class="live-badges">
        {sessions !== null && (
          <span class="hint number">
            {sessions}
            {capacity === null ? "" : ` of ${capacity}`} in use
          </span>
        )}
        <Badge tone={tones[state] ?? "plain"}>{state}</Badge>
      </span>
    </li>
  );
}

function Storage({ storage: { url, takesSessions, freeBytes, sizeBytes } }: { storage: LiveStorage }) {
  return (
    <li>
      <span>
        <strong>Storage</strong> <span class="mono">{url.replace(/^https?:\/\//, "")}</span>
      </span>
      <span class="live-badges">
        {freeBytes !== null && sizeBytes !== null && (
          <span class="hint number">
            {bytesText(freeBytes)} of {bytesText(sizeBytes)} free
          </span>
        )}
        <Badge tone={takesSessions ? "good" : "bad"}>{takesSessions ? "takes recordings" : "takes none"}</Badge>
      </span>
    </li>
  );
}
