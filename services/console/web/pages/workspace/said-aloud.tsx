import { useEffect, useState } from "preact/hooks";
import { reminderText } from "./announce.ts";
import type { PauseClock } from "./reminder.ts";
import type { Workspace } from "./workspace.ts";

/** What changes, for who does not see it: two live regions that are there from the start. */
export function SaidAloud({ workspace, paused }: { workspace: Workspace; paused: PauseClock | undefined }) {
  const [calm, setCalm] = useState("");
  const [urgent, setUrgent] = useState("");
  const said = workspace.said.value;
  useEffect(() => {
    if (said === undefined) return;
    if (said.urgent) setUrgent(said.text);
    else setCalm(said.text);
  }, [said]);
  const reminder = paused?.reminder ?? 0;
  useEffect(() => {
    if (paused !== undefined && reminder > 0) setUrgent(reminderText(paused));
    // Said once a reminder, not with every second that it counts.
  }, [paused?.call.connId, reminder]);
  return (
    <>
      <p class="visually-hidden" role="status">
        {calm}
      </p>
      <p class="visually-hidden" role="alert" aria-live="assertive">
        {urgent}
      </p>
    </>
  );
}
