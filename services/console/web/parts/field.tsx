import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A labelled control; `children` gets the ids that tie label, hint and error to it. */
export function Field(o: {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ComponentChildren;
}) {
  const id = useId();
  const described = [o.hint === undefined ? "" : `${id}-hint`, o.error === undefined ? "" : `${id}-error`].filter(
    (s) => s !== "",
  );
  return (
    <div class="field">
      <label for={id}>{o.label}</label>
      {o.children({
        id,
        "aria-describedby": described.length === 0 ? undefined : described.join(" "),
        "aria-invalid": o.error !== undefined,
      })}
      {o.hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {o.hint}
        </p>
      )}
      {o.error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {o.error}
        </p>
      )}
    </div>
  );
}
