import type { SwitchFailure } from "../t-library/switch.ts";
import type { RecordingCommand } from "../recording/states.ts";
import { NO_ANSWER } from "./recording-control.ts";

const asFailure = (error: SwitchFailure["error"], message: string): SwitchFailure => ({ error, message });

/** Why a recording request is refused (tlib-wire.md, "Errors"). */
export const failures = {
  callOver: asFailure("InvalidConnID", "the call has ended"),
  notAnswered: asFailure("InvalidState", "the call is not answered: start the recording after EventEstablished"),
  fullTime: asFailure("FullTimeRecording", "a full-time recording of this call is running; stop it first"),
  active: asFailure("RecordingAlreadyActive", "Recording is already active for this party"),
  ofState: (error: "RecordingNotActive" | "InSameState" | undefined, command: RecordingCommand): SwitchFailure => {
    if (error !== "InSameState") return asFailure("RecordingNotActive", "no recording of this call is running");
    return asFailure(
      "InSameState",
      command === "pause" ? "the recording is paused already" : "the recording is running",
    );
  },
  ofId: (why: "duplicate" | "malformed", id: string): SwitchFailure =>
    why === "duplicate"
      ? asFailure("DuplicateRecordingID", `a recording has or had the id ${id}: choose another`)
      : asFailure("InvalidAttribute", "id: letters, digits, . _ - and at most 128 of them"),
} as const;

/** What a client is told of a reason that the Media Server, the way there or the recording machine gave. */
export function failureOfRefusal(reason: string): SwitchFailure {
  if (reason === "call-ended") return failures.callOver;
  if (reason === "call-not-established") return failures.notAnswered;
  // The phone that did not answer the move counts too.
  if (reason === NO_ANSWER || reason === "recorder did not answer" || reason.startsWith("phone-refused-move (408")) {
    return asFailure("Timeout", `no answer in time: ${reason}`);
  }
  // The recorder went while the request was on its way.
  if (reason.startsWith("msml-430")) return failures.ofState("RecordingNotActive", "stop");
  return asFailure("OutOfService", `the recording cannot be done now: ${reason}`);
}
