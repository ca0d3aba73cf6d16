/** A dialog as the far side names it (RFC 3891 6.1): its tags are ours (`toTag`) and the phone's (`fromTag`). */
export interface DialogName {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

/** Reads a Replaces header; undefined where it is malformed. */
export function readReplaces(text: string): DialogName | undefined {
  const [callId = "", ...params] = text.split(";").map((piece) => piece.trim());
  let toTag: string | undefined;
  let fromTag: string | undefined;
  let earlyOnly = false;
  for (const param of params) {
    const equals = param.indexOf("=");
    const name = (equals < 0 ? param : param.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? "" : param.slice(equals + 1);
    // Exactly one of each (RFC 3891 6.1).
    if ((name === "to-tag" && toTag !== undefined) || (name === "from-tag" && fromTag !== undefined)) return undefined;
    if (name === "to-tag") toTag = value;
    else if (name === "from-tag") fromTag = value;
    else if (name === "early-only") earlyOnly = true;
  }
  if (callId === "" || toTag === undefined || fromTag === undefined) return undefined;
  return { callId, toTag, fromTag, earlyOnly };
}
