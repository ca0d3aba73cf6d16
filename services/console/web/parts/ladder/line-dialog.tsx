import { Dialog } from "../dialog.tsx";
import { endsText, type JournalLine, lineBody, lineTime, type Participant } from "./journal.ts";

/** A line with everything that is known of it. */
export function LineDialog(o: {
  line: JournalLine;
  participants: readonly Participant[];
  seek: ((line: JournalLine) => void) | undefined;
  onClose: () => void;
}) {
  const { line, seek } = o;
  const body = lineBody(line);
  return (
    <Dialog title={line.label} onClose={o.onClose}>
      <div class="ladder-message">
        <p>
          {lineTime(line)} · {endsText(line, o.participants)}
          {line.kind === "sip" &&
            ` · ${line.transport?.toUpperCase()} ${line.local} ${line.direction === "in" ? "←" : "→"} ${line.remote}`}
          {line.kind === "tlib" && line.reference !== null && ` · ReferenceID ${line.reference}`}
        </p>
        {line.repeated === true && <p>The same message was on the wire before.</p>}
        {body !== "" && (
          <pre tabIndex={0} aria-label="Text">
            {body}
          </pre>
        )}
        {line.kind === "sip" && <p class="hint">Keys of SRTP, digest answers and digits are masked.</p>}
        {line.kind === "tlib" && (
          <p class="hint">Of user data only the names are kept here, and what SIP Server itself says.</p>
        )}
        <div class="form-actions">
          {seek !== undefined && (
            <button
              type="button"
              onClick={() => {
                seek(line);
                o.onClose();
              }}
            >
              Play from here
            </button>
          )}
          <button type="button" class="primary" onClick={o.onClose}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  );
}
