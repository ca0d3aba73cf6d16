import type { ErrorText } from "./error-words.ts";

/** A refusal of T-Library in words, at what it is about. */
export function RefusalNote({ error, onDismiss }: { error: ErrorText | undefined; onDismiss: () => void }) {
  if (error === undefined) return null;
  return (
    <div class="refusal" role="alert">
      <p>
        <strong>{error.title}.</strong> {error.detail !== undefined && <small>{error.detail}</small>}
      </p>
      <button type="button" class="quiet" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
