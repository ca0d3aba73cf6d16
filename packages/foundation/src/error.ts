/** What an error means to each of the doors through which it may leave. */
export interface ErrorFacts {
  /** SIP status to answer with. */
  readonly sip?: number;
  /** HTTP status to answer with. */
  readonly http?: number;
  /** T-Library error name to answer with. */
  readonly tlib?: string;
  /** Exit code of the process: 1 bad configuration, 2 port in use. */
  readonly exit?: number;
  /** What the reader can do about it, as a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** An error that classifies itself: a stable code, and what it means on SIP, HTTP, T-Library and for the process. */
export class SidetoneError extends Error {
  readonly code: string;
  readonly sip: number | undefined;
  readonly http: number | undefined;
  readonly tlib: string | undefined;
  readonly exit: number | undefined;
  readonly remedy: string | undefined;

  /** @param code stable, kebab-case, never reused for another meaning. */
  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "SidetoneError";
    this.code = code;
    this.sip = facts.sip;
    this.http = facts.http;
    this.tlib = facts.tlib;
    this.exit = facts.exit;
    this.remedy = facts.remedy;
  }
}

/** The text of anything that was thrown. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
