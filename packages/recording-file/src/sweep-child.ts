// Child of the sweep: makes one recording of a second and a half, as fast as it can, with a fixed order of writes and syncs. argv: storage, relative folder.
// Says "said N" when N frames were confirmed by a sync, so that who kills it knows what must be there.
import { ManualClock } from "@sidetone/foundation";
import fs from "node:fs";
import { systemFiles } from "./file-ops.ts";
import { FileWriter } from "./file-writer.ts";
import { fsyncEach } from "./group-sync.ts";
import { SEGMENT_FRAMES } from "./limits.ts";
import { frames, startLine } from "./testing-fixtures.ts";

const clock = new ManualClock();
const [, , root = "", relative = ""] = process.argv;
const report = fs.openSync(`${root}.said`, "a");
const ignore = (): void => undefined;
const told = { trouble: false };
const trouble = (): void => {
  told.trouble = true;
};
const writer = new FileWriter({
  root,
  files: systemFiles,
  // By file, so that each sync is a call of its own that can be the last one.
  sync: fsyncEach(),
  clock,
  events: { onTrouble: trouble, onRelief: ignore, onLost: ignore, onEnded: ignore },
});
let sent = 0;

const record = (count: number): void => {
  writer.audio(1, frames(sent, count));
  sent += count;
  writer.line(1, { type: "event", event: "mark", atMs: Math.round(sent / 8) });
  told.trouble = false;
  writer.round();
  // What was refused is tried again after a second.
  clock.advance(1000);
  if (!told.trouble) fs.writeSync(report, `${sent}\n`);
};
writer.open(1, { relative, start: startLine("sweep") });
writer.zero(1, 1_795_166_115_000_000, "pcmu");
for (let round = 0; round < 3; round++) record(2000);
// Over the end of a segment.
record(SEGMENT_FRAMES);
record(2000);
writer.end(1, "complete", "BYE");
writer.round();
fs.writeSync(report, "ended\n");
writer.close("end");
