import { inspectTree, type Inspected } from "@sidetone/recording-file";
import type { Voice } from "./check-config.ts";
import { exitCodes } from "./exit-codes.ts";
import { findingLines } from "./finding-lines.ts";

/** `sidetone verify PATH`: compares recordings with their hashes, offline. Exit code 1 where one is damaged. */
export async function verify(path: string, json: boolean, voice: Voice): Promise<number> {
  const counts = new Map<Inspected["verdict"], number>();
  for await (const found of inspectTree(path)) {
    counts.set(found.verdict, (counts.get(found.verdict) ?? 0) + 1);
    if (json) voice.say(JSON.stringify(found));
    else if (found.findings.length > 0) voice.say(damageText(found));
  }
  const all = Array.from(counts.values()).reduce((sum, n) => sum + n, 0);
  const parts = (["intact", "open", "damaged", "unreadable"] as const)
    .filter((verdict) => counts.has(verdict))
    .map((verdict) => `${counts.get(verdict)} ${verdict}`);
  if (!json && all === 0) voice.say("The storage is there, and holds no recordings.");
  else if (!json) voice.say(`${all === 1 ? "1 recording" : `${all} recordings`}: ${parts.join(", ")}.`);
  return counts.has("damaged") || counts.has("unreadable") ? exitCodes.failed : exitCodes.ok;
}

function damageText({ folder, id, verdict, findings }: Inspected): string {
  const name = id === undefined || folder.endsWith(id) ? folder : `${folder} (${id})`;
  return [`${name}: ${verdict}`, ...findingLines(findings)].join("\n");
}
