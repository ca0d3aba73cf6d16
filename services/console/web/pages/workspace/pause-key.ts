import { activeCall, type AgentCall, type AgentCalls } from "./workspace-calls.ts";

/** Keys that an agent may choose from; WCAG 2.1.4: a letter is nobody's default, and none can be had too. */
export const pauseKeys = ["F8", "F9", "P", "none"] as const;

/** One of them. */
export type PauseKey = (typeof pauseKeys)[number];

/** What of a keyboard event decides. */
export interface Pressed {
  readonly key: string;
  readonly repeat: boolean;
  /** Ctrl, Alt, Meta or Shift is held. */
  readonly modified: boolean;
  /** The focus is where people type. */
  readonly inField: boolean;
}

/** Whether a key press is the pause key. A letter that is typed into a field is a letter; a function key never is one. */
export function isPauseKey(chosen: PauseKey, pressed: Pressed): boolean {
  if (chosen === "none" || pressed.repeat || pressed.modified) return false;
  if (pressed.key.toUpperCase() !== chosen) return false;
  return chosen.length > 1 || !pressed.inField;
}

/** What the key does now. */
export interface PauseTarget {
  readonly call: AgentCall;
  readonly command: "pause" | "resume";
}

/** The call that the agent talks in; while none is recorded there, the only one that is paused. */
export function pauseTarget(calls: AgentCalls): PauseTarget | undefined {
  const active = activeCall(calls);
  if (active?.recording.state === "On") return { call: active, command: "pause" };
  if (active?.recording.state === "Paused") return { call: active, command: "resume" };
  const paused = Array.from(calls.values()).filter(({ recording }) => recording.state === "Paused");
  const [only] = paused;
  return only !== undefined && paused.length === 1 ? { call: only, command: "resume" } : undefined;
}
