import { useEffect, useState } from "preact/hooks";
import { api, ApiProblem } from "../../api.ts";
import { Icon } from "../../parts/icon.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { session } from "../../session.ts";
import { momentText } from "../../time.ts";
import { positionText } from "./moment.ts";
import type { Playback } from "./playback.ts";
import { pathOf } from "./recording.ts";

/** One of `GET /api/v1/recordings/{id}/comments`. */
interface Comment {
  readonly id: number;
  readonly atMs: number;
  readonly text: string;
  readonly user: string;
  readonly createdAt: string;
}

/** Longest comment, characters. */
const longest = 2000;

/** Comments, each pinned to a moment. */
export function Comments({ id, playback }: { id: string; playback: Playback }) {
  const [comments, setComments] = useState<readonly Comment[]>();
  const [problem, setProblem] = useState<unknown>();
  const [text, setText] = useState("");
  /** Where the one that is being written belongs: where its first letter was typed. */
  const [pinned, setPinned] = useState<number>();
  const path = pathOf(id, "comments");
  const ask = (): Promise<void> =>
    api
      .get<{ comments: readonly Comment[] }>(path)
      .then(({ comments: found }) => {
        setProblem(undefined);
        setComments(found.toSorted((a, b) => a.atMs - b.atMs));
      })
      .catch((error: unknown) => setProblem(error));
  useEffect(() => void ask(), [id]);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await api.post(path, { atMs: pinned ?? Math.round(playback.at.peek()), text: text.trim() });
      setText("");
      setPinned(undefined);
      await ask();
    } catch (error) {
      setProblem(error);
    }
  };
  const remove = async (n: number): Promise<void> => {
    try {
      await api.delete(`${path}/${n}`);
      await ask();
    } catch (error) {
      setProblem(error);
    }
  };
  const user = session.value?.user;
  const missing = problem instanceof ApiProblem && problem.status === 404;
  return (
    <section class="panel" aria-labelledby="comments">
      <h2 id="comments">Comments</h2>
      {missing && <p class="hint">This console keeps no comments.</p>}
      {problem !== undefined && !missing && <ProblemNote problem={problem} retry={() => void ask()} />}
      {comments?.length === 0 && (
        <p class="hint">
          None yet. Stop where you want to say something, and write: the comment stands at that moment.
        </p>
      )}
      <ol class="comment-list">
        {comments?.map(({ id: n, atMs, text: said, user: who, createdAt }) => (
          <li key={n}>
            <button
              type="button"
              class="quiet"
              onClick={() => playback.seek(atMs)}
              aria-label={`Jump to ${positionText(atMs)}`}
            >
              <span class="number">{positionText(atMs)}</span>
            </button>
            <div>
              <p>{said}</p>
              <small>
                {who}, {momentText(createdAt)}
              </small>
            </div>
            {(user?.name === who || user?.role === "administrator") && (
              <button
                type="button"
                class="quiet"
                onClick={() => void remove(n)}
                aria-label={`Delete the comment at ${positionText(atMs)}`}
              >
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ol>
      {!missing && (
        <form class="comment-form" onSubmit={(event) => void send(event)}>
          <label for="comment">
            Comment at <span class="number">{positionText(pinned ?? playback.at.value)}</span>
          </label>
          <textarea
            id="comment"
            rows={2}
            maxLength={longest}
            value={text}
            onInput={(event) => {
              const { value } = event.currentTarget;
              if (text === "" && value !== "") setPinned(Math.round(playback.at.peek()));
              if (value === "") setPinned(undefined);
              setText(value);
            }}
          />
          <button type="submit" disabled={text.trim() === ""}>
            <Icon name="comment" /> Add comment
          </button>
        </form>
      )}
    </section>
  );
}
