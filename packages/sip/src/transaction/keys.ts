import { BRANCH_COOKIE } from "../message/index.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";

/** RFC 3261 17.1.3: what a response is matched by; undefined where it cannot be. */
export function clientKey(message: SipRequest | SipResponse, method?: string): string | undefined {
  const branch = message.topVia?.branch;
  const of = method ?? message.cseq?.method;
  return branch === undefined || of === undefined ? undefined : `${branch}|${of}`;
}

/**
 * RFC 3261 17.2.3: what a request is matched by. ACK and CANCEL are matched as `method` (INVITE). A branch without the
 * cookie, or with nothing behind it, makes the key of RFC 2543.
 */
export function serverKey(request: SipRequest, method: string): string {
  const via = request.topVia;
  const branch = via?.branch;
  if (via !== undefined && branch !== undefined && isUnique(branch))
    return `${branch}|${via.host.toLowerCase()}:${via.port ?? ""}|${method}`;
  const sentBy = via === undefined ? "" : `${via.host.toLowerCase()}:${via.port ?? ""};${branch ?? ""}`;
  return `2543|${request.callId ?? ""}|${request.cseq?.sequence ?? ""}|${request.fromTag ?? ""}|${request.uri}|${sentBy}|${method}`;
}

/** RFC 3261 8.2.2.2: requests that are the same one on different ways. */
export function mergeKey(request: SipRequest): string {
  return `${request.callId ?? ""}|${request.cseq?.sequence ?? ""}|${request.cseq?.method ?? ""}|${request.fromTag ?? ""}`;
}

function isUnique(branch: string): boolean {
  return (
    branch.length > BRANCH_COOKIE.length &&
    branch.slice(0, BRANCH_COOKIE.length).toLowerCase() === BRANCH_COOKIE.toLowerCase()
  );
}
