import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { can } from "../../session.ts";
import { theme } from "../../theme.ts";
import { ChannelControls } from "./channel-controls.tsx";
import { Comments } from "./comments.tsx";
import { MarkerList } from "./marker-list.tsx";
import { markersOf } from "./markers.ts";
import { momentOf } from "./moment.ts";
import { fetchPeaks, fineness, type Peaks } from "./peaks.ts";
import { Playback } from "./playback.ts";
import { pathOf, type Recording, sides } from "./recording.ts";
import { silences } from "./speech.ts";
import { Shortcuts } from "./shortcuts.tsx";
import { TalkTime } from "./talk-time.tsx";
import { Transport } from "./transport.tsx";
import type { Waveform } from "./waveform.ts";

/** A silence at least this long is skipped; ms. */
const skippedMs = 1500;
/** How near to what is loaded of a recording that runs more is loaded; ms. */
const nearEndMs = 1500;

/** Waveform, controls, what happened and comments of a recording, or of a part of it. */
export function Player({ recording, query }: { recording: Recording; query: Readonly<Record<string, string>> }) {
  const { id } = recording;
  const playback = useMemo(() => new Playback(), []);
  const [peaks, setPeaks] = useState<Peaks>();
  const [problem, setProblem] = useState<unknown>();
  const [round, setRound] = useState(0);
  const waveform = useSignal<Waveform | undefined>(undefined);
  const container = useRef<HTMLDivElement>(null);
  // Events are of the whole call: at a later part they would stand in the wrong place.
  const markers = useMemo(() => (query["part"] === undefined ? markersOf(recording) : []), [recording, query]);

  useEffect(() => () => playback.close(), []);
  useEffect(() => {
    const gone = new AbortController();
    fetchPeaks(id, query, Math.max(fineness[0], waveform.peek()?.peaks.points ?? 0), gone.signal)
      .then((found) => {
        setProblem(undefined);
        setPeaks(found);
      })
      .catch((error: unknown) => {
        if (!gone.signal.aborted) setProblem(error);
      });
    return () => gone.abort();
    // A recording that runs is another one every few seconds.
  }, [id, round, recording.durationMs, recording.state]);

  useEffect(() => {
    if (peaks === undefined || peaks.durationMs === 0) return;
    const first = playback.durationMs.peek() === 0;
    const grown = peaks.durationMs - playback.durationMs.peek();
    const atEnd = playback.at.peek() > playback.durationMs.peek() - nearEndMs;
    // A change of the source is heard: while it is played only where there is nothing more to play.
    if (first || (grown >= 500 && (!playback.playing.peek() || atEnd))) {
      playback.durationMs.value = peaks.durationMs;
      const asked = first ? momentOf(location.search, location.hash) : undefined;
      const version: Record<string, string> = peaks.live ? { ...query, upto: String(peaks.durationMs) } : { ...query };
      const url = new URL(pathOf(id, "audio", version), location.origin).href;
      playback.load(url, { atMs: Math.min(asked ?? playback.at.peek(), peaks.durationMs) });
      const { customer, agent } = peaks.speech;
      playback.silences.value = silences(customer, agent, peaks.durationMs, skippedMs);
    } else if (grown > 0) return;
    void draw(peaks);
  }, [peaks]);

  async function draw(found: Peaks): Promise<void> {
    const shown = waveform.peek();
    if (shown !== undefined) {
      shown.setPeaks(found);
      return;
    }
    const { Waveform: Made } = await import("./waveform.ts");
    if (container.current === null || waveform.peek() !== undefined) return;
    waveform.value = new Made({
      container: container.current,
      media: playback.media,
      peaks: found,
      onMarker: ({ atMs }) => playback.seek(atMs),
    });
  }

  useEffect(() => () => waveform.peek()?.close(), []);
  useSignalEffect(() => waveform.value?.setMarkers(markers));
  useEffect(() => waveform.peek()?.setMarkers(markers), [markers]);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const recolor = (): void => void requestAnimationFrame(() => waveform.peek()?.recolor());
    dark.addEventListener("change", recolor);
    const stop = theme.subscribe(recolor);
    return () => {
      dark.removeEventListener("change", recolor);
      stop();
    };
  }, []);
  useEffect(() => {
    const jump = (): void => {
      const ms = momentOf("", location.hash);
      if (ms !== undefined) playback.seek(ms);
    };
    addEventListener("hashchange", jump);
    return () => removeEventListener("hashchange", jump);
  }, []);

  const zoom = (how: "in" | "out" | "fit"): void => {
    const shown = waveform.value;
    if (shown === undefined) return;
    shown.zoom(how);
    const { points, durationMs } = shown.peaks;
    const most = Math.ceil(durationMs / 20);
    if (shown.width <= points * 1.5 || points >= most) return;
    const finer = fineness.find((one) => one > points && one >= Math.min(shown.width, most)) ?? fineness[2];
    fetchPeaks(id, query, finer)
      .then(setPeaks)
      .catch((error: unknown) => setProblem(error));
  };

  if (recording.durationMs === 0 && (peaks === undefined || peaks.durationMs === 0))
    return (
      <p class="panel">{recording.state === "recording" ? "No audio has come yet." : "There is no audio to hear."}</p>
    );
  return (
    <>
      <section class="panel player" aria-label="Player">
        {problem !== undefined && <ProblemNote problem={problem} retry={() => setRound((n) => n + 1)} />}
        <div class="wave-rows">
          <div class="wave-sides">
            {sides.map((side) => (
              <ChannelControls key={side} side={side} playback={playback} recording={recording} />
            ))}
          </div>
          <div class="wave" ref={container} data-points={peaks?.points} data-ready={waveform.value !== undefined}>
            {peaks === undefined && problem === undefined && <LateSpinner what="the waveform" />}
          </div>
        </div>
        <Transport playback={playback} zoom={zoom} live={recording.state === "recording"} />
        <Shortcuts playback={playback} zoom={zoom} />
      </section>
      <div class="player-columns">
        <MarkerList markers={markers} playback={playback} part={query["part"]} />
        <div class="player-column">
          {peaks !== undefined && <TalkTime peaks={peaks} recording={recording} playback={playback} />}
          {can("comment") && <Comments id={id} playback={playback} />}
        </div>
      </div>
    </>
  );
}
