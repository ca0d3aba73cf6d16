import { useEffect, useRef, useState } from "preact/hooks";
import { Field } from "../../parts/field.tsx";

/** Asks for the number that a call goes to. */
export function TargetForm(o: {
  label: string;
  barred: string | undefined;
  onTarget: (to: string) => void;
  onCancel: () => void;
}) {
  const [to, setTo] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), [o.label]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (to.trim() !== "" && o.barred === undefined) o.onTarget(to.trim());
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") o.onCancel();
  };
  return (
    <form class="one-line target" onSubmit={submit} onKeyDown={onKey}>
      <Field label={`${o.label}: DN or number`}>
        {(ids) => (
          <input
            {...ids}
            ref={field}
            inputMode="tel"
            autocomplete="off"
            required
            maxLength={64}
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="primary" disabled={o.barred !== undefined} title={o.barred}>
        {o.label}
      </button>
      <button type="button" class="quiet" onClick={o.onCancel}>
        Cancel
      </button>
    </form>
  );
}
