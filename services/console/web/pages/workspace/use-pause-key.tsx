import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Field } from "../../parts/field.tsx";
import { whyNot } from "./call-actions.ts";
import { isPauseKey, type PauseKey, pauseKeys, pauseTarget } from "./pause-key.ts";
import { rightsOn } from "./rights.ts";
import type { Workspace } from "./workspace.ts";

const remembered = "sidetone-pause-key";

/** Listens for the pause key anywhere on the page; gives the key, and the control that chooses it. */
export function usePauseKey(workspace: Workspace): { readonly key: PauseKey; readonly chooser: ComponentChildren } {
  const [key, setKey] = useState<PauseKey>(
    () => pauseKeys.find((one) => one === localStorage.getItem(remembered)) ?? "F8",
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const pressed = {
        key: event.key,
        repeat: event.repeat,
        modified: event.ctrlKey || event.altKey || event.metaKey || event.shiftKey,
        inField: isField(event.target),
      };
      if (!isPauseKey(key, pressed)) return;
      event.preventDefault();
      press(workspace);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [key, workspace]);
  const choose = (chosen: string): void => {
    const found = pauseKeys.find((one) => one === chosen) ?? "F8";
    localStorage.setItem(remembered, found);
    setKey(found);
  };
  const chooser = (
    <section class="panel">
      <h2>Pause key</h2>
      <Field
        label="Pauses and resumes the recording"
        hint={key === "P" ? "Not while you type in a field." : "Works everywhere on this page."}
      >
        {(ids) => (
          <select {...ids} value={key} onChange={(event) => choose(event.currentTarget.value)}>
            {pauseKeys.map((one) => (
              <option key={one} value={one}>
                {one === "none" ? "No key" : one}
              </option>
            ))}
          </select>
        )}
      </Field>
    </section>
  );
  return { key, chooser };
}

function press(workspace: Workspace): void {
  const { calls, dn, person, link, waiting } = workspace.state.value;
  const target = pauseTarget(calls);
  if (dn === undefined) return;
  if (target === undefined) {
    workspace.tell("No call of yours is recorded now.");
    return;
  }
  const { connId } = target.call;
  const rights = rightsOn(person?.grants ?? [], dn);
  const barred = whyNot("record", { dn, rights, online: link.kind === "up", waiting: (waiting.get(connId) ?? 0) > 0 });
  if (barred === undefined) void workspace.ask({ kind: "call", action: target.command, connId });
  else workspace.tell(barred);
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input, textarea, select");
}
