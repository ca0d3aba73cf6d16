import { effect, signal } from "@preact/signals";

/** Colours of the pages; `system` follows the viewer's machine. */
export type Theme = "system" | "light" | "dark";

const key = "sidetone-theme";

function remembered(): Theme {
  const value = localStorage.getItem(key);
  return value === "light" || value === "dark" ? value : "system";
}

/** The chosen colours. */
export const theme = signal<Theme>(remembered());

/** Chooses colours and remembers them in this browser. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  if (chosen === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, chosen);
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
