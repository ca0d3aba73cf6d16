import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Logger, rfc3339 } from "@sidetone/foundation";
import type { JournalEntry } from "../endpoint/types.ts";
import { MAX_JOURNAL_BACKLOG_BYTES } from "../limits.ts";
import { maskSecrets } from "./mask.ts";

/** One line of a SIP journal. */
export interface JournalLine {
  /** RFC 3339 UTC with microseconds. */
  readonly time: string;
  readonly direction: "in" | "out";
  readonly transport: string;
  /** `host:port` of our side, then of the far side. */
  readonly local: string;
  readonly remote: string;
  /** Absent where the frame could not be parsed. */
  readonly callId?: string;
  readonly cseq?: string;
  /** Request line or status line; of a malformed frame its beginning. */
  readonly start: string;
  /** The whole frame, latin1, secrets masked. */
  readonly text: string;
}

/** A file of JSON lines with every SIP frame that a role sent and received. */
export interface SipJournal {
  record(entry: JournalEntry): void;
  /** Lines that were dropped because the disk did not keep up. */
  readonly dropped: number;
  /** Resolves when everything is in the file. */
  close(): Promise<void>;
}

/** Opens (appends to) a journal file; its folder is made when missing. A full disk costs journal lines, never a call. */
export function openSipJournal(file: string, log: Logger): SipJournal {
  mkdirSync(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: "a" });
  let dropped = 0;
  let failed = false;
  stream.on("error", (error) => {
    if (!failed) log.error({ file, error: error.message }, "the SIP journal cannot be written; calls go on without it");
    failed = true;
  });
  return {
    get dropped() {
      return dropped;
    },
    record(entry) {
      if (failed || stream.writableLength > MAX_JOURNAL_BACKLOG_BYTES) dropped += 1;
      else stream.write(`${JSON.stringify(journalLine(entry))}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (failed) resolve();
        else stream.end(() => resolve());
      }),
  };
}

/** The line of an entry. */
export function journalLine(entry: JournalEntry): JournalLine {
  const { message, bytes } = entry;
  const text = maskSecrets(bytes.toString("latin1"));
  const lineEnd = text.indexOf("\r\n");
  const cseq = message?.cseq;
  return {
    time: rfc3339(entry.wallMicros),
    direction: entry.direction,
    transport: entry.transport,
    local: entry.local,
    remote: entry.remote,
    ...(message?.callId === undefined ? {} : { callId: message.callId }),
    ...(cseq === undefined ? {} : { cseq: `${cseq.sequence} ${cseq.method}` }),
    start: text.slice(0, Math.min(lineEnd < 0 ? text.length : lineEnd, 200)),
    text,
  };
}
