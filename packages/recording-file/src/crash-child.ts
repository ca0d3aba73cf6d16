// Child of crash.test.ts: records a counting signal in real time until it is killed. argv: storage, relative folder.
import { systemClock } from "@sidetone/foundation";
import { frames, startLine } from "./testing-fixtures.ts";
import { WriterThread } from "./writer-thread.ts";

const [, , root = "", relative = ""] = process.argv;
const ignore = (): void => undefined;
const thread = new WriterThread(root, {
  onTrouble: ignore,
  onRelief: ignore,
  onLost: ignore,
  onEnded: ignore,
  onDeath: ignore,
});
const handle = thread.newHandle();
await thread.open(handle, { relative, start: startLine("crash") });
thread.send({ do: "zero", handle, wallMicros: systemClock.wallMicros(), codec: "pcmu" });
const started = systemClock.now();
let sent = 0;
const cancel = systemClock.every(20, () => {
  const due = Math.floor((systemClock.now() - started) / 20);
  while (sent < due) {
    thread.send({ do: "audio", handle, bytes: frames(sent * 160, 160) });
    sent += 1;
    process.stdout.write(`${sent * 160}\n`);
  }
});
process.on("SIGTERM", () => {
  cancel();
  void thread.close("SIGTERM").then(() => process.exit(0));
});
process.stdin.resume();
