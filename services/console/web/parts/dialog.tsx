import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** A modal dialog; Escape and the browser's own close call `onClose`. */
export function Dialog(o: { title: string; onClose: () => void; children: ComponentChildren }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // Its event comes later, when another dialog may have taken the place.
      gone.current = true;
      shown?.close();
    };
  }, []);
  const closed = (): void => {
    if (!gone.current) o.onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={closed}>
      <h2 id={id}>{o.title}</h2>
      {o.children}
    </dialog>
  );
}
