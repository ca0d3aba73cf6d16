import type { SidetoneConfig } from "@sidetone/config";
import { SidetoneError, systemClock } from "@sidetone/foundation";
import { rebuildIndex as rebuild } from "@sidetone/recorder";
import type { Voice } from "./check-config.ts";
import { exitCodes } from "./exit-codes.ts";
import { findingLines } from "./finding-lines.ts";

/** Entries of one kind that are listed by name; `--json` has them all. */
const MOST_LISTED = 20;

/** `sidetone rebuild-index`: the recorder's index from the folders alone, and what could not be rebuilt. Exit code 1 where a folder is not in it. */
export async function rebuildIndex(config: SidetoneConfig, json: boolean, voice: Voice): Promise<number> {
  if (config.recorder === undefined)
    throw new SidetoneError("no-section", "The configuration has no recorder section.", {
      exit: 1,
      remedy: "Name the recorder's configuration with --config FILE.",
    });
  const { storage } = config.recorder;
  const done = await rebuild(storage, systemClock);
  const code = done.findings.length > 0 ? exitCodes.failed : exitCodes.ok;
  if (json) {
    voice.say(JSON.stringify(done, null, 2));
    return code;
  }
  const { recordings, closed, lost, changed, findings, movedAway } = done;
  if (movedAway !== undefined) voice.say(`The index was damaged; its file is now ${movedAway}.`);
  const ended = closed === 0 ? "" : `, ${closed} of them without an end: closed as partial`;
  voice.say(`${storage.directory}: ${recordings} recordings are in the index${ended}.`);
  list(voice, "Taken out, as no folder gives them", lost, ({ id, state, folder }) => `${id} (${state}, ${folder})`);
  list(voice, "Not as before", changed, ({ id, columns }) => `${id}: ${columns.join(", ")}`);
  if (findings.length > 0) voice.say(["Not in the index:", ...findingLines(findings)].join("\n"));
  return code;
}

function list<T>(voice: Voice, title: string, items: readonly T[], text: (item: T) => string): void {
  if (items.length === 0) return;
  const lines = items.slice(0, MOST_LISTED).map((item) => `  ${text(item)}`);
  const rest = items.length - lines.length;
  voice.say(
    [`${title}: ${items.length}`, ...lines, ...(rest > 0 ? [`  and ${rest} more (--json lists all)`] : [])].join("\n"),
  );
}
