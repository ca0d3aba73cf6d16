// The thread that owns the journal's file: masking and SQLite wait here, calls do not.
import { parentPort, workerData } from "node:worker_threads";
import { errorText, SidetoneError } from "@sidetone/foundation";
import { JournalDatabase } from "./journal-database.ts";
import { Keeping } from "./keeping.ts";
import type { FromWriter, JournalStart, ToWriter } from "./wire.ts";

const port = parentPort;
if (port === null) throw new SidetoneError("not-a-worker", "journal/writer.ts runs in a worker thread only");

const send = (message: FromWriter): void => port.postMessage(message);
const { file, days, size } = workerData as JournalStart;
const database = open();
if (database !== undefined) {
  const keeping = new Keeping({ database, days, size });
  const does: { readonly [K in ToWriter["kind"]]: (message: Extract<ToWriter, { kind: K }>) => void } = {
    batch: ({ batch }) => {
      let error: string | undefined;
      try {
        keeping.written(database.write(batch));
      } catch (thrown) {
        error = errorText(thrown);
      }
      send({ kind: "written", error, frames: batch.frames.length });
    },
    find: ({ n, name }) => {
      try {
        send({ kind: "found", n, found: database.find(name) });
      } catch (error) {
        send({ kind: "found", n, found: undefined, error: errorText(error) });
      }
    },
    sweep: ({ now }) => send({ kind: "swept", removed: keeping.sweep(now), bytes: database.size }),
    close: () => {
      database.close();
      port.close();
    },
  };
  port.on("message", (message: ToWriter) => (does[message.kind] as (m: ToWriter) => void)(message));
  send({ kind: "open" });
}

function open(): JournalDatabase | undefined {
  try {
    return new JournalDatabase(file);
  } catch (error) {
    send({ kind: "refused", message: errorText(error) });
    return undefined;
  }
}
