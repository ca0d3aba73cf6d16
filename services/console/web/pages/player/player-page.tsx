import { useRoute } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { api, ApiProblem } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Icon } from "../../parts/icon.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { can } from "../../session.ts";
import { momentText } from "../../time.ts";
import { CallJournal } from "./call-journal.tsx";
import { Facts } from "./facts.tsx";
import { Player } from "./player.tsx";
import { integrityText, nameOf, pathOf, type Recording, sides, stateText } from "./recording.ts";
import "./player.css";

/** A recording that runs is asked for again after this; ms. */
const againMs = 3000;

/** `/recordings/:id`: hears a recording and sees all that is known of it. */
export default function PlayerPage() {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  return <RecordingPage key={id} id={id} />;
}

function RecordingPage({ id }: { id: string }) {
  const [recording, problem, retry] = useRecording(id);
  const [part, setPart] = useState(1);
  if (problem instanceof ApiProblem && problem.status === 404)
    return (
      <Page title="Recording">
        <EmptyState title="There is no such recording">
          It may have been deleted, or be of a DN that is not yours. <a href="/search">Search for it</a>.
        </EmptyState>
      </Page>
    );
  if (recording === undefined)
    return (
      <Page title="Recording">
        {problem === undefined ? <LateSpinner what="the recording" /> : <ProblemNote problem={problem} retry={retry} />}
      </Page>
    );
  const query: Record<string, string> = part > 1 ? { part: String(part) } : {};
  return (
    <Page
      title={titleOf(recording)}
      wide
      actions={can("download") && recording.durationMs > 0 && <Download id={id} query={query} />}
    >
      {problem !== undefined && <ProblemNote problem={problem} retry={retry} />}
      <Head recording={recording} />
      {recording.parts !== undefined && <Parts recording={recording} part={part} choose={setPart} />}
      {!can("listen") ? (
        <p class="panel">Your role may see this recording, but not hear it.</p>
      ) : (
        <Player key={part} recording={recording} query={query} />
      )}
      <Facts recording={recording} />
      {recording.callUuid !== undefined && (
        <CallJournal callUuid={recording.callUuid} startTime={recording.startTime} />
      )}
    </Page>
  );
}

/** The recording, asked for again while it runs. */
function useRecording(id: string): [Recording | undefined, unknown, () => void] {
  const [recording, setRecording] = useState<Recording>();
  const [problem, setProblem] = useState<unknown>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    api
      .get<Recording>(pathOf(id, "", { integrity: "false" }), gone.signal)
      .then((found) => {
        setRecording(found);
        setProblem(undefined);
        if (found.state === "recording") timer = setTimeout(() => setRound((n) => n + 1), againMs);
      })
      .catch((error: unknown) => {
        if (!gone.signal.aborted) setProblem(error);
      });
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [id, round]);
  return [recording, problem, () => setRound((n) => n + 1)];
}

/** The comparison of the files with their hashes: asked for apart, since two hours take a while. */
function useIntegrity({ id, state, integrity, parts }: Recording): Recording["integrity"] | "asked" {
  const [found, setFound] = useState<Recording["integrity"] | "asked">("asked");
  useEffect(() => {
    // No recorder can speak for the parts of the others.
    if (parts !== undefined) return setFound(undefined);
    const gone = new AbortController();
    api.get<Recording["integrity"]>(pathOf(id, "integrity"), gone.signal).then(setFound, () => {
      if (!gone.signal.aborted) setFound(undefined);
    });
    return () => gone.abort();
  }, [id, state]);
  return integrity ?? found;
}

/** Who with whom. */
function titleOf({ participants, fileName }: Recording): string {
  const of = (side: string): string =>
    participants
      .filter((one) => one.side === side)
      .map(nameOf)
      .slice(0, 2)
      .join(", ");
  const [customer, agent] = sides.map(of);
  return customer === "" && agent === ""
    ? fileName
    : `${customer === "" ? "unknown" : customer} and ${agent === "" ? "unknown" : agent}`;
}

const tones = { recording: "live", complete: "good", partial: "warn", failed: "bad" } as const;
const stateWords = { recording: "Recording now", complete: "Complete", partial: "Partial", failed: "Failed" } as const;

function Head({ recording }: { recording: Recording }) {
  const integrity = useIntegrity(recording);
  const { tone, word, meaning } = integrityText(integrity);
  const damage = integrity === "asked" ? [] : (integrity?.problems ?? []);
  const { warnings } = recording;
  return (
    <div class="player-head">
      <p>
        <time dateTime={recording.startTime}>{momentText(recording.startTime)}</time>{" "}
        <Badge tone={tones[recording.state]}>{stateWords[recording.state]}</Badge>{" "}
        <Badge tone={tone}>Integrity: {word}</Badge>
      </p>
      <p class="hint">
        {stateText(recording)} {meaning}
      </p>
      {damage.length > 0 && (
        <ul class="player-problems">
          {damage.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {warnings.length > 0 && (
        <details open={recording.state === "partial" || recording.state === "failed"}>
          <summary>
            {warnings.length} {warnings.length === 1 ? "warning" : "warnings"}
          </summary>
          <ul class="player-problems">
            {warnings.map(({ code, text, atMs }) => (
              <li key={`${code} ${atMs} ${text}`}>
                {text} <small>({code})</small>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Download({ id, query }: { id: string; query: Readonly<Record<string, string>> }) {
  return (
    <a class="button" href={pathOf(id, "audio", { ...query, download: "1" })} download>
      <Icon name="download" /> Download stereo WAV
    </a>
  );
}

function Parts({ recording, part, choose }: { recording: Recording; part: number; choose: (n: number) => void }) {
  const { parts = [], gapMs = 0 } = recording;
  return (
    <fieldset class="player-parts">
      <legend>
        This recording went on at another recorder: {parts.length} parts
        {gapMs > 0
          ? `, and ${(gapMs / 1000).toFixed(1)} s between them that none has`
          : ", nothing is missing between them"}
      </legend>
      {parts.map(({ startTime }, n) => (
        <label key={startTime}>
          <input type="radio" name="part" checked={part === n + 1} onChange={() => choose(n + 1)} /> Part {n + 1}, from{" "}
          {momentText(startTime)}
        </label>
      ))}
    </fieldset>
  );
}
