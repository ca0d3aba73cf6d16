import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dialog } from "../../parts/dialog.tsx";
import { speeds, type Playback } from "./playback.ts";

const remembered = "sidetone-player-keys";

const keys: readonly (readonly [keys: string, what: string])[] = [
  ["Space, K", "play or pause"],
  ["J, L", "10 seconds back, forward"],
  ["← →", "5 seconds back, forward"],
  ["Home", "to the beginning"],
  ["< >", "slower, faster"],
  ["M, Shift + M", "mute customer, agent"],
  ["S", "skip silence or not"],
  ["+ − 0", "zoom in, out, whole call"],
  ["?", "these keys"],
];

/** Single keys of the player, the list of them, and the switch that turns them off (WCAG 2.1.4). */
export function Shortcuts({ playback, zoom }: { playback: Playback; zoom: (how: "in" | "out" | "fit") => void }) {
  const open = useSignal(false);
  const on = useSignal(localStorage.getItem(remembered) !== "off");
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (!on.peek() || event.ctrlKey || event.altKey || event.metaKey || isTaken(event)) return;
      const action = actionOf(event, playback, zoom, () => (open.value = true));
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [zoom]);
  return (
    <p class="shortcut-note">
      <button type="button" class="quiet" onClick={() => (open.value = true)}>
        <kbd aria-hidden="true">?</kbd> Keys
      </button>
      {open.value && (
        <Dialog title="Keys of the player" onClose={() => (open.value = false)}>
          <dl class="shortcut-list">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <label class="transport-check">
            <input
              type="checkbox"
              checked={on.value}
              onChange={(event) => {
                on.value = event.currentTarget.checked;
                localStorage.setItem(remembered, on.value ? "on" : "off");
              }}
            />{" "}
            Single keys work on this page
          </label>
          <div class="form-actions">
            <button type="button" class="primary" onClick={() => (open.value = false)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
    </p>
  );
}

/** Whether the key belongs to what has the focus. */
function isTaken(event: KeyboardEvent): boolean {
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog, textarea, select, [contenteditable]") !== null) return true;
  if (target instanceof HTMLInputElement)
    return target.type !== "range" || event.key.startsWith("Arrow") || event.key === "Home";
  return event.key === " " && target.closest("button, a, summary, label") !== null;
}

function actionOf(
  { key, shiftKey }: KeyboardEvent,
  playback: Playback,
  zoom: (how: "in" | "out" | "fit") => void,
  help: () => void,
): (() => void) | undefined {
  const by = (ms: number) => (): void => playback.seek(playback.at.peek() + ms);
  const mute = (): void => {
    const side = shiftKey ? "agent" : "customer";
    playback.setLoudness(side, { muted: !playback.loudness.peek()[side].muted });
  };
  const actions: Readonly<Record<string, () => void>> = {
    " ": () => playback.toggle(),
    k: () => playback.toggle(),
    j: by(-10_000),
    l: by(10_000),
    arrowleft: by(-5000),
    arrowright: by(5000),
    home: () => playback.seek(0),
    "<": () => playback.setSpeed(playback.speed.peek() - speeds.step),
    ">": () => playback.setSpeed(playback.speed.peek() + speeds.step),
    m: mute,
    s: () => (playback.skipping.value = !playback.skipping.peek()),
    "+": () => zoom("in"),
    "=": () => zoom("in"),
    "-": () => zoom("out"),
    "0": () => zoom("fit"),
    "?": help,
  };
  return actions[key.toLowerCase()];
}
