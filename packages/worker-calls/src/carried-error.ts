import { type ErrorFacts, errorText, SidetoneError } from "@sidetone/foundation";

/** An error on its way between threads: a structured clone would lose its class and its fields. */
export interface CarriedError {
  readonly message: string;
  /** Of a `SidetoneError`, or what Node.js and SQLite call theirs. */
  readonly code: string | undefined;
  /** Undefined: no `SidetoneError`. */
  readonly facts: Omit<ErrorFacts, "cause"> | undefined;
}

/** Anything that was thrown, ready to be sent. */
export function packed(thrown: unknown): CarriedError {
  if (thrown instanceof SidetoneError) {
    const { message, code } = thrown;
    return { message, code, facts: factsOf(thrown) };
  }
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : undefined;
  return { message: errorText(thrown), code, facts: undefined };
}

/** The error again, in the other thread. */
export function unpacked({ message, code, facts }: CarriedError): Error {
  if (facts !== undefined && code !== undefined) return new SidetoneError(code, message, facts);
  const error = new Error(message);
  return code === undefined ? error : Object.assign(error, { code });
}

function factsOf({ sip, http, tlib, exit, remedy }: SidetoneError): Omit<ErrorFacts, "cause"> {
  return {
    ...(sip === undefined ? {} : { sip }),
    ...(http === undefined ? {} : { http }),
    ...(tlib === undefined ? {} : { tlib }),
    ...(exit === undefined ? {} : { exit }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}
