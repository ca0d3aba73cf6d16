import type { Logger } from "@sidetone/foundation";
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from "pino";
import pretty from "pino-pretty";

/** How much is logged. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The process's log and the way to write out what it still holds. */
export interface ProcessLog {
  readonly log: Logger;
  readonly flush: () => void;
}

/** Bytes that may wait for standard output before a line is written; a small number, so that a crash loses little. */
const bufferedBytes = 0;

/** JSON lines on standard output; on a terminal readable lines. */
export function openLog(level: LogLevel, terminal: boolean): ProcessLog {
  if (terminal) {
    const stream = pretty({ colorize: true, sync: true, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss.l" });
    return { log: makeLogger(level, stream), flush: () => undefined };
  }
  const stream = destination({ fd: 1, sync: false, minLength: bufferedBytes });
  // Whoever read our output is gone: the calls go on.
  stream.on("error", () => undefined);
  return {
    log: makeLogger(level, stream),
    flush: () => {
      try {
        stream.flushSync();
      } catch {
        // nothing was opened, or nobody reads any more
      }
    },
  };
}

/** A logger with the fields of operations.md: `level, time, role, msg`. */
export function makeLogger(level: LogLevel, stream: DestinationStream): Logger {
  const made: PinoLogger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${isoTime()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ["password", "*.password", "authorization", "*.authorization"], censor: "[hidden]" },
    },
    stream,
  );
  return made;
}

function isoTime(): string {
  return new Date().toISOString();
}
