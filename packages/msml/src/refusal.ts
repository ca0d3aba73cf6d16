import type { ResponseCode } from "./response-codes.ts";

/** Why a document is not executed: the response it is owed. */
export interface MsmlRefusal {
  readonly response: ResponseCode;
  /** Place, reason and remedy in one line. */
  readonly description: string;
  /** `msml/join[2]/stream`; empty where it is no XML. */
  readonly place: string;
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Carries a refusal from where it is found to the door of the reader. Never leaves this package. */
export class Refused extends Error {
  readonly refusal: MsmlRefusal;
  constructor({ response, place, reason, remedy }: Omit<MsmlRefusal, "description">) {
    const description = `${place === "" ? "" : `${place}: `}${reason}; ${remedy}`;
    super(description);
    this.refusal = { response, description, place, reason, remedy };
  }
}

/** Wire text for an error text: at most 64 characters, no line breaks. */
export function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 64 ? `${line.slice(0, 64)}...` : line;
}
