import { Badge, type Tone } from "../../parts/badge.tsx";
import { clockText, dayText } from "../../time.ts";
import { actionWords, type AuditEntry, detailOf, objectLink } from "./audit-entry.ts";

const tones: Readonly<Record<string, Tone>> = { ok: "good", refused: "warn", failed: "bad" };

/** The entries, the newest first. */
export function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <div class="table-scroll">
      <table class="audit-table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  const { id, at, user, role, address, outcome, hash } = entry;
  return (
    <tr>
      <td class="audit-when">
        <time dateTime={at} title={at}>
          <span class="number">{clockText(at)}</span> <small>{dayText(at)}</small>
        </time>
        <small class="number" title={`SHA-256 ${hash}`}>
          #{id}
        </small>
      </td>
      <td class="audit-who">
        <span>{user === "" ? "Nobody" : user}</span>
        <small>{[role, address].filter((part) => part !== "").join(", ")}</small>
      </td>
      <td class="audit-what">
        <What entry={entry} />
      </td>
      <td class="audit-outcome">
        <Badge tone={tones[outcome] ?? "plain"}>{outcome}</Badge>
      </td>
    </tr>
  );
}

function What({ entry }: { entry: AuditEntry }) {
  const link = objectLink(entry);
  const words = actionWords[entry.action] ?? entry.action;
  const detail = detailOf(entry);
  return (
    <>
      <span>
        {entry.object === null && link !== undefined ? <a href={link}>{words}</a> : words}{" "}
        {entry.object !== null &&
          (link === undefined ? <code>{entry.object}</code> : <a href={link}>{entry.object}</a>)}
      </span>
      {detail.length > 0 && (
        <small>
          {detail.map(([name, value]) => (
            <span key={name} class="audit-detail">
              {name}: {value}
            </span>
          ))}
        </small>
      )}
    </>
  );
}
