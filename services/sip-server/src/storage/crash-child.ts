// Started by crash.test.ts: writes ledger lines as fast as it can and says on standard output which ones are durable.
import { writeSync } from "node:fs";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { ConnIdSource } from "../identity/conn-id.ts";
import { Ledger } from "../ledger/ledger.ts";
import { openStorage } from "./storage.ts";

/** Waits while the reader is behind and the pipe is full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

const file = process.argv[2] ?? "";
const run = process.argv[3] ?? "";
const storage = await openStorage({ file, log: silentLogger });
const ledger = new Ledger({ storage, clock: systemClock, log: silentLogger });
const connIds = await ConnIdSource.open({ storage, clock: systemClock, log: silentLogger, serverId: 1, block: 4096 });

let n = 0;
for (;;) {
  const turn = Array.from({ length: 20 }, async () => {
    n += 1;
    const callUuid = `${run}${n}`;
    const connId = connIds.next();
    await ledger.expect({ callUuid, connId, dn: "7001", side: "agent", cause: "full-time", expectedFrom: n });
    say(`${callUuid} ${connId}\n`);
  });
  await Promise.all(turn);
}
