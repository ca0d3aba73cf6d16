import { useState } from "preact/hooks";
import { FindingText } from "./findings.tsx";
import { type Finding, markedLines } from "./marked-lines.ts";

/** Lines that are shown at first: a file of 50,000 DNs would keep the browser busy for a while. */
const linesAtFirst = 3000;

/** The text with the numbers of its lines, each mistake below its line. */
export function TextView({ text, findings }: { text: string; findings: readonly Finding[] }) {
  const [all, setAll] = useState(false);
  const lines = markedLines(text, findings);
  const shown = all ? lines : lines.filter(({ number, findings: found }) => number <= linesAtFirst || found.length > 0);
  return (
    <>
      <div class="config-text" role="region" aria-label="Text of the configuration" tabIndex={0}>
        <ol>
          {shown.map(({ number, text: line, findings: found }) => (
            <li key={number} id={`line-${number}`} value={number} class={found[0]?.kind ?? ""}>
              <code>{line === "" ? " " : line}</code>
              {found.map((finding, i) => (
                <p key={i} class={finding.kind}>
                  <FindingText finding={finding} />
                </p>
              ))}
            </li>
          ))}
        </ol>
      </div>
      {shown.length < lines.length && (
        <p>
          <button type="button" onClick={() => setAll(true)}>
            Show all {lines.length} lines
          </button>
        </p>
      )}
    </>
  );
}
