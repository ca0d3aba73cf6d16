import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiProblem } from "../../api.ts";
import { Icon, type IconName } from "../../parts/icon.tsx";
import type { LiveCall } from "./live-types.ts";
import { commandsFor, commandWords, partiesText, type RecordingCommand } from "./live-words.ts";

const icons: Readonly<Record<RecordingCommand, IconName>> = {
  start: "record",
  pause: "pause",
  resume: "record",
  stop: "stop",
};

/** Starts, pauses, resumes and stops a recording; what was refused is said beside the buttons. */
export function CallControls({ call }: { call: LiveCall }) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiProblem>();
  const first = useRef<HTMLButtonElement>(null);
  const { state } = call.recording;
  // What was asked has come about: the stream says so, not the answer.
  useEffect(() => setBusy(false), [state]);
  const ask = async (command: RecordingCommand): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRefusal(undefined);
    try {
      await api.post(`/api/v1/calls/${encodeURIComponent(call.connId)}/recording`, { command });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      setRefusal(error);
    }
    setBusy(false);
    // The button of what was done may be gone: the one that is left takes its place.
    if (command === "stop") first.current?.focus();
  };
  const named = partiesText(call);
  return (
    <div class="call-controls">
      {commandsFor(call).map((command, at) => (
        <button
          // One button changes its meaning: it keeps the focus.
          key={at === 0 ? "first" : command}
          ref={at === 0 ? first : null}
          type="button"
          aria-disabled={busy}
          aria-label={`${commandWords[command]}: call of ${named}`}
          onClick={() => void ask(command)}
        >
          <Icon name={icons[command]} /> {commandWords[command]}
        </button>
      ))}
      {refusal !== undefined && (
        <p class="call-refusal" role="alert">
          {refusal.message} {refusal.remedy}
        </p>
      )}
    </div>
  );
}
