import { Badge } from "../../parts/badge.tsx";
import type { Finding } from "./marked-lines.ts";

/** How many mistakes and warnings, in words. */
export function Summary({ findings }: { findings: readonly Finding[] }) {
  const mistakes = findings.filter(({ kind }) => kind === "mistake").length;
  const warnings = findings.length - mistakes;
  return (
    <span class="config-summary">
      {mistakes === 0 ? (
        <Badge tone="good">No mistakes</Badge>
      ) : (
        <Badge tone="bad">{counted(mistakes, "mistake")}</Badge>
      )}
      {warnings > 0 && <Badge tone="warn">{counted(warnings, "warning")}</Badge>}
    </span>
  );
}

/** Each mistake and warning; a click on its line leads there. */
export function FindingList(o: {
  findings: readonly Finding[];
  href?: (line: number) => string;
  onLine?: (line: number) => void;
}) {
  return (
    <ul class="config-findings">
      {o.findings.map((finding, i) => (
        <li key={i} class={finding.kind}>
          <Place line={finding.line} href={o.href} onLine={o.onLine} />
          <FindingText finding={finding} />
        </li>
      ))}
    </ul>
  );
}

function Place(o: {
  line: number;
  href: ((line: number) => string) | undefined;
  onLine: ((line: number) => void) | undefined;
}) {
  const { line, href, onLine } = o;
  if (onLine !== undefined) {
    return (
      <button type="button" class="config-place" onClick={() => onLine(line)}>
        Line {line}
      </button>
    );
  }
  return href === undefined ? (
    <span class="config-place">Line {line}</span>
  ) : (
    <a class="config-place" href={href(line)}>
      Line {line}
    </a>
  );
}

/** What is wrong, and what to do. */
export function FindingText({ finding: { kind, path, message, remedy } }: { finding: Finding }) {
  return (
    <span>
      <strong>{kind === "mistake" ? "Mistake" : "Warning"}</strong>: {path !== "" && <code>{path}</code>} {message}{" "}
      {remedy}
    </span>
  );
}

function counted(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
