import { ApiProblem } from "../api.ts";

/** An error in words: what went wrong, what to do, and the way to try again. */
export function ProblemNote({ problem, retry }: { problem: unknown; retry?: (() => void) | undefined }) {
  const text = problem instanceof Error ? problem.message : String(problem);
  const remedy = problem instanceof ApiProblem ? problem.remedy : undefined;
  return (
    <div class="problem-note" role="alert">
      <p>
        <strong>{text}</strong>
      </p>
      {remedy !== undefined && <p>{remedy}</p>}
      {retry !== undefined && (
        <button type="button" onClick={() => retry()}>
          Try again
        </button>
      )}
    </div>
  );
}
