import { positionText } from "./moment.ts";
import type { Peaks } from "./peaks.ts";
import type { Playback } from "./playback.ts";
import { nameOf, type Participant, type Recording } from "./recording.ts";
import { talkShares } from "./speech.ts";

const titles = { customer: "Customer only", agent: "Agent only", both: "Both at once", silence: "Silence" } as const;

/** Who speaks how much, who is speaking now, and who was in the call when. */
export function TalkTime({ peaks, recording, playback }: { peaks: Peaks; recording: Recording; playback: Playback }) {
  const { durationMs, speech } = peaks;
  const shares = talkShares(speech.customer, speech.agent, durationMs);
  const percent = (ms: number): number => (durationMs === 0 ? 0 : Math.round((ms * 100) / durationMs));
  const at = playback.at.value;
  const speaks = (side: "customer" | "agent"): boolean => speech[side].some(([from, to]) => from <= at && at < to);
  const [customer, agent] = [speaks("customer"), speaks("agent")];
  return (
    <section class="panel" aria-labelledby="who-speaks">
      <h2 id="who-speaks">Who speaks when</h2>
      <p>
        Now: <strong>{customer && agent ? "both" : customer ? "the customer" : agent ? "the agent" : "nobody"}</strong>
      </p>
      <div class="talk-bar" aria-hidden="true">
        {(["customer", "both", "agent", "silence"] as const).map((who) => (
          <span key={who} class={`talk ${who}`} style={{ flexGrow: shares[who] }} />
        ))}
      </div>
      <dl class="talk-shares">
        {(["customer", "agent", "both", "silence"] as const).map((who) => (
          <div key={who}>
            <dt>
              <span class={`talk-swatch talk ${who}`} aria-hidden="true" /> {titles[who]}
            </dt>
            <dd class="number">
              {percent(shares[who])} % <small>{positionText(shares[who])}</small>
            </dd>
          </div>
        ))}
      </dl>
      {recording.participants.length > 0 && (
        <>
          <h3>Who was in the call</h3>
          <ul class="presence">
            {recording.participants.map((one, n) => (
              <Presence key={`${n} ${nameOf(one)}`} one={one} recording={recording} playback={playback} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Presence({ one, recording, playback }: { one: Participant; recording: Recording; playback: Playback }) {
  const total = Math.max(1, recording.durationMs);
  const ms = (time: string | undefined, otherwise: number): number =>
    time === undefined ? otherwise : Math.min(total, Math.max(0, Date.parse(time) - Date.parse(recording.startTime)));
  const from = ms(one.from, 0);
  const to = Math.max(from, ms(one.to, total));
  return (
    <li>
      <button
        type="button"
        class="quiet"
        onClick={() => playback.seek(from)}
        aria-label={`Jump to ${positionText(from)}, when ${nameOf(one)} comes`}
      >
        {nameOf(one)}
      </button>{" "}
      <small>
        {one.side ?? "side not known"}, {positionText(from)} to {positionText(to)}
      </small>
      <span class="presence-line" aria-hidden="true">
        <span
          class={`presence-bar ${one.side ?? ""}`}
          style={{ left: `${(from * 100) / total}%`, width: `${((to - from) * 100) / total}%` }}
        />
      </span>
    </li>
  );
}
