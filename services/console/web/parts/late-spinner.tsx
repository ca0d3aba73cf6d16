import { useEffect, useState } from "preact/hooks";

/** Nothing is shown for waits that people do not notice; ms. */
const patienceMs = 300;

/** Says what is being waited for, once it has taken long enough to be noticed. */
export function LateSpinner({ what }: { what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="late-spinner" role="status">
      {late ? `Asking for ${what} …` : ""}
    </p>
  );
}
