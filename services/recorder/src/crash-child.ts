// Child of crash.test.ts: a recorder that runs until it is killed. argv: folder. Says where it listens.
import { runRecorder } from "./testing-src.ts";

const running = await runRecorder({ folder: process.argv[2] ?? "" });
process.stdout.write(`${JSON.stringify({ sip: running.sip, url: running.url })}\n`);
process.stdin.resume();
