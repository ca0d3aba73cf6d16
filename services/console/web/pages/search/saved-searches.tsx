import { useEffect, useState } from "preact/hooks";
import { api, ApiProblem } from "../../api.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { session } from "../../session.ts";

interface SavedSearch {
  readonly name: string;
  /** Query string of the search page. */
  readonly query: string;
  readonly shared: boolean;
  readonly owner: string;
}

const path = "/api/v1/saved-searches";

/** One's own searches and those that others share: open, save what is shown, share, delete. */
export function SavedSearches(o: { query: string; onOpen: (query: string) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        <Icon name="list" /> Saved searches
      </button>
      {open && <SavedDialog {...o} onClose={() => setOpen(false)} />}
    </>
  );
}

function SavedDialog(o: { query: string; onOpen: (query: string) => void; onClose: () => void }) {
  const [searches, setSearches] = useState<readonly SavedSearch[] | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [name, setName] = useState("");
  const me = session.value?.user?.name;

  const load = async (change?: Promise<unknown>): Promise<void> => {
    try {
      await change;
      const answer = await api.get<{ searches: readonly SavedSearch[] }>(path);
      setSearches(answer.searches);
      setProblem(undefined);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : String(error));
    }
  };
  useEffect(() => void load(), []);

  const put = (search: Pick<SavedSearch, "name" | "query" | "shared">): Promise<void> =>
    load(api.put(`${path}/${encodeURIComponent(search.name)}`, { query: search.query, shared: search.shared }));
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name.trim() === "") return;
    await put({ name: name.trim(), query: o.query, shared: false });
    setName("");
  };
  return (
    <Dialog title="Saved searches" onClose={o.onClose}>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {searches?.length === 0 && <p>None yet. Name the search that is shown now to keep it.</p>}
      <ul class="saved">
        {searches?.map((search) => (
          <li key={`${search.owner} ${search.name}`}>
            <a
              href={`/search${search.query}`}
              onClick={(event) => {
                event.preventDefault();
                event.stopPropagation();
                o.onClose();
                o.onOpen(search.query);
              }}
            >
              {search.name}
            </a>
            {search.owner === me ? (
              <>
                <label>
                  <input
                    type="checkbox"
                    checked={search.shared}
                    onChange={(event) => void put({ ...search, shared: event.currentTarget.checked })}
                  />{" "}
                  shared
                </label>
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Delete ${search.name}`}
                  onClick={() => void load(api.delete(`${path}/${encodeURIComponent(search.name)}`))}
                >
                  <Icon name="close" />
                </button>
              </>
            ) : (
              <small>by {search.owner}</small>
            )}
          </li>
        ))}
      </ul>
      <form class="saved-new" onSubmit={(event) => void save(event)}>
        <Field label="Save this search as">
          {(ids) => (
            <input {...ids} value={name} maxLength={100} onInput={(event) => setName(event.currentTarget.value)} />
          )}
        </Field>
        <button type="submit" class="primary">
          Save
        </button>
      </form>
      <div class="form-actions">
        <button type="button" class="quiet" onClick={o.onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
