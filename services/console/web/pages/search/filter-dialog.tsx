import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { fields, openFields, readLength, stateWords } from "./search-fields.ts";

/** Chooses a condition and its value; values that recordings have are proposed. */
export function FilterDialog(o: { onClose: () => void; onAdd: (name: string, value: string) => void }) {
  const [name, setName] = useState("dn");
  const [own, setOwn] = useState("");
  const [value, setValue] = useState("");
  const [mistake, setMistake] = useState<string | undefined>(undefined);
  const [known, setKnown] = useState<readonly string[]>([]);
  const open = openFields.some(({ start }) => start === name);
  const field = fields.find((one) => one.name === name);
  const key = open ? `${name}${own}` : name;
  const exact = open ? own !== "" : field?.kind === "value" && name !== "id";

  useEffect(() => {
    setKnown([]);
    if (!exact) return;
    const gone = new AbortController();
    const query = new URLSearchParams({ field: key, prefix: value });
    api.get<{ values: readonly string[] }>(`/api/v1/recordings/suggestions?${query}`, gone.signal).then(
      ({ values }) => setKnown(values),
      // Proposals are not needed.
      () => undefined,
    );
    return () => gone.abort();
  }, [key, exact, value]);

  const submit = (event: Event): void => {
    event.preventDefault();
    if (open && own.trim() === "") return setMistake("Give the name too.");
    const text = value.trim();
    if (text === "") return setMistake("Give a value.");
    if (field?.kind !== "length") return o.onAdd(open ? `${name}${own.trim()}` : name, text);
    const ms = readLength(text);
    if (ms === undefined) return setMistake("Write it as minutes and seconds, such as 2:30.");
    o.onAdd(name, String(ms));
  };
  return (
    <Dialog title="Filter" onClose={o.onClose}>
      <form class="form" onSubmit={submit}>
        <Field label="What">
          {(ids) => (
            <select
              {...ids}
              value={name}
              onChange={(event) => {
                setName(event.currentTarget.value);
                setValue(event.currentTarget.value === "state" ? "partial" : "");
                setMistake(undefined);
              }}
            >
              {fields.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.label}
                </option>
              ))}
              {openFields.map(({ start, label }) => (
                <option key={start} value={start}>
                  {label} …
                </option>
              ))}
            </select>
          )}
        </Field>
        {open && (
          <Field label="Name">
            {(ids) => <input {...ids} value={own} onInput={(event) => setOwn(event.currentTarget.value)} />}
          </Field>
        )}
        <Field label="Value" hint={field === undefined ? undefined : `Such as ${field.example}`} error={mistake}>
          {(ids) =>
            field?.kind === "state" ? (
              <select {...ids} value={value} onChange={(event) => setValue(event.currentTarget.value)}>
                {Object.entries(stateWords).map(([state, words]) => (
                  <option key={state} value={state}>
                    {words}
                  </option>
                ))}
              </select>
            ) : (
              <>
                <input
                  {...ids}
                  value={value}
                  list="filter-known"
                  autocomplete="off"
                  onInput={(event) => setValue(event.currentTarget.value)}
                />
                <datalist id="filter-known">
                  {known.map((one) => (
                    <option key={one} value={one} />
                  ))}
                </datalist>
              </>
            )
          }
        </Field>
        <div class="form-actions">
          <button type="button" class="quiet" onClick={o.onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Add
          </button>
        </div>
      </form>
    </Dialog>
  );
}
