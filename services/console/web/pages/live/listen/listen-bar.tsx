import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../../parts/icon.tsx";
import { listener } from "./live-listener.ts";

/** Time between two looks at the levels; ms. */
const levelMs = 100;

/** What is listened to: levels, balance, volume, mutes, how old it is. */
export function ListenBar() {
  useEffect(() => () => listener.stop(), []);
  const recording = listener.recording.value;
  if (recording === undefined) return null;
  const [customer, agent] = recording.sides;
  const problem = listener.problem.value;
  const delay = listener.delayMs.value;
  return (
    <section class="listen-bar" aria-labelledby="listen-title">
      <h2 id="listen-title">
        Listening to {customer} and {agent}
        <span class="number hint">{delay === undefined ? "" : `${(delay / 1000).toFixed(1)} s behind`}</span>
      </h2>
      {problem !== undefined && (
        <p class="call-refusal" role="alert">
          {problem.message} {problem.remedy}
        </p>
      )}
      {listener.ended.value && <p role="status">The recording has ended.</p>}
      <Side at={0} name={customer} side="customer" />
      <Side at={1} name={agent} side="agent" />
      <label class="listen-slider">
        Balance
        <input
          type="range"
          min="-1"
          max="1"
          step="0.1"
          value={listener.balance.value}
          aria-valuetext={balanceText(listener.balance.value)}
          onInput={(event) => {
            listener.balance.value = Number(event.currentTarget.value);
            listener.apply();
          }}
        />
      </label>
      <label class="listen-slider">
        Volume
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          value={listener.volume.value}
          aria-valuetext={`${Math.round(listener.volume.value * 100)} %`}
          onInput={(event) => {
            listener.volume.value = Number(event.currentTarget.value);
            listener.apply();
          }}
        />
      </label>
      <button type="button" onClick={() => listener.stop()}>
        <Icon name="stop" /> Stop listening
      </button>
    </section>
  );
}

function balanceText(balance: number): string {
  if (balance === 0) return "both sides alike";
  return `${balance < 0 ? "customer" : "agent"} louder by ${Math.round(Math.abs(balance) * 100)} %`;
}

/** A side: its name, how loud it is, and whether it is heard. */
function Side({ at, name, side }: { at: 0 | 1; name: string; side: "customer" | "agent" }) {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const shown = meter.current;
      const level = listener.levels()?.[at];
      if (shown === null || level === undefined) return;
      const { db, hz } = level;
      shown.dataset["db"] = db.toFixed(1);
      shown.dataset["hz"] = String(Math.round(hz));
      shown.setAttribute("aria-valuenow", String(Math.round(Math.max(-60, db))));
      const bar = shown.firstElementChild;
      if (bar instanceof HTMLElement) bar.style.width = `${Math.max(0, Math.min(100, ((db + 60) / 60) * 100))}%`;
    }, levelMs);
    return () => clearInterval(timer);
  }, []);
  const muted = listener.muted.value[at];
  return (
    <div class={`listen-side ${side}`}>
      <strong>
        {name} <small>{side}</small>
      </strong>
      <div
        class="level"
        ref={meter}
        role="meter"
        aria-label={`Level of ${name}, ${side}, dB`}
        aria-valuemin={-60}
        aria-valuemax={0}
        aria-valuenow={-60}
      >
        <span />
      </div>
      <button
        type="button"
        aria-pressed={muted}
        aria-label={`Mute ${name}`}
        onClick={() => {
          const [customer, agent] = listener.muted.value;
          listener.muted.value = at === 0 ? [!customer, agent] : [customer, !agent];
          listener.apply();
        }}
      >
        <Icon name="volume" /> {muted ? "Muted" : "Mute"}
      </button>
    </div>
  );
}
