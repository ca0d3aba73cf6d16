/** Fields of a log line: `callId, connId, callUuid, dn, recordingId` where they exist. */
export type LogFields = Record<string, unknown>;

/** What the libraries and services log to; pino's shape. JSON lines with `level, time, role, msg`. */
export interface Logger {
  debug(fields: LogFields, msg: string): void;
  info(fields: LogFields, msg: string): void;
  warn(fields: LogFields, msg: string): void;
  error(fields: LogFields, msg: string): void;
  child(fields: LogFields): Logger;
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
