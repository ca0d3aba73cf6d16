import {
  ledgerAtEnd,
  type RecordingCommand,
  type RecordingInput,
  type RecordingMachineState,
  type RecordingParameters,
  type RecordingStep,
  START_OVERDUE_MS,
} from "./states.ts";

/** Why a client's command cannot be done as things are (R18, tlib-wire.md "Errors"); undefined where it can. */
export function refusalOf(
  state: RecordingMachineState,
  command: RecordingCommand,
): "RecordingNotActive" | "InSameState" | undefined {
  switch (state.phase) {
    case "idle":
    case "stopping":
    case "stopped":
      return "RecordingNotActive";
    case "starting":
    case "recording":
    case "paused":
    case "waiting":
      // Prepared before the answer (R17 `reject`): nothing is captured yet.
      if (state.wantedFromMicros === undefined) return "RecordingNotActive";
      if (command === "stop") return undefined;
      return state.paused === (command === "pause") ? "InSameState" : undefined;
  }
}

type CommandInput = Extract<RecordingInput, { kind: "command" | "command-done" | "command-refused" }>;

/**
 * R18, R19, R21: a client's STOP, PAUSE or RESUME. What waits for a retry is stopped or paused without the Media Server:
 * it has nothing, and the retry must not capture what was to be left out.
 */
export function stepCommand(state: RecordingMachineState, input: CommandInput, nowMicros: number): RecordingStep {
  switch (input.kind) {
    case "command":
      return commanded(state, input.command, input.parameters, nowMicros);
    case "command-done":
      return done({ ...state, parameters: merged(state.parameters, input.parameters) }, input.command);
    case "command-refused":
      return refused(state, input.command);
  }
}

/** Parameters with more of them; a later value of a name counts. */
export function merged(parameters: RecordingParameters, more: RecordingParameters): RecordingParameters {
  return more.size === 0 ? parameters : new Map([...parameters, ...more]);
}

function commanded(
  state: RecordingMachineState,
  command: RecordingCommand,
  parameters: RecordingParameters,
  nowMicros: number,
): RecordingStep {
  if (refusalOf(state, command) !== undefined) return { state, effects: [] };
  const waits = state.phase === "waiting";
  if (command === "stop") {
    if (!waits) return { state: { ...state, phase: "stopping" }, effects: [{ kind: "disarm" }, send()] };
    return { state: { ...state, phase: "stopped" }, effects: [{ kind: "disarm" }, ledgerAtEnd(state)] };
  }
  const paused = command === "pause";
  if (!waits) return { state: { ...state, paused }, effects: [send()] };
  // What was said before a RESUME is never taken.
  const wantedFromMicros = paused ? state.wantedFromMicros : nowMicros;
  return {
    state: { ...state, paused, wantedFromMicros, parameters: merged(state.parameters, parameters) },
    effects: [],
  };

  function send(): RecordingStep["effects"][number] {
    return { kind: "command", command, parameters };
  }
}

function done(state: RecordingMachineState, command: RecordingCommand): RecordingStep {
  switch (command) {
    case "stop":
      if (state.phase !== "stopping") return { state, effects: [] };
      return {
        state: { ...state, phase: "stopped" },
        effects: [{ kind: "indicate", state: "Off", cause: "stopped" }, stoppedLine(state)],
      };
    case "pause":
      if (state.phase !== "recording") return { state, effects: [] };
      return {
        state: { ...state, phase: "paused" },
        effects: [{ kind: "indicate", state: "Paused", cause: "paused" }],
      };
    case "resume":
      if (state.phase !== "paused") return { state, effects: [] };
      return {
        state: { ...state, phase: "recording", startsPaused: false },
        effects: [{ kind: "indicate", state: "On", cause: "resumed" }],
      };
  }
}

function stoppedLine(state: RecordingMachineState): ReturnType<typeof ledgerAtEnd> {
  if (state.everStarted || state.lastFailure !== undefined) return ledgerAtEnd(state);
  return { kind: "ledger", outcome: "not-recorded", reason: "stopped before the recorder answered" };
}

/** It is as it was before the command. */
function refused(state: RecordingMachineState, command: RecordingCommand): RecordingStep {
  if (command !== "stop") return { state: { ...state, paused: command === "resume" }, effects: [] };
  if (state.phase !== "stopping") return { state, effects: [] };
  if (state.everStarted) return { state: { ...state, phase: state.paused ? "paused" : "recording" }, effects: [] };
  return { state: { ...state, phase: "starting" }, effects: [{ kind: "arm-overdue", ms: START_OVERDUE_MS }] };
}
