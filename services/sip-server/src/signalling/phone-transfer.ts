import { errorText } from "@sidetone/foundation";
import { type IncomingRequest, type InviteSession, parseNameAddr, unescapeUri } from "@sidetone/sip";
import { presentParties } from "../call-model/call.ts";
import type { CallController } from "./call-controller.ts";
import type { Calls } from "./calls.ts";
import { completeConsultation, type InCall } from "./consultation.ts";
import { dialledNumber } from "./destination.ts";
import { type DialogName, readReplaces } from "./replaces.ts";
import type { Transfers } from "./transfers.ts";

/** Where a phone wants its call to go. */
interface Referral {
  readonly number: string | undefined;
  /** RFC 3891: the dialog, of one of our calls, whose place is taken. */
  readonly replaces: DialogName | undefined;
}

/**
 * RFC 3515, RFC 5589: a phone transfers its call by REFER. Without Replaces it is a blind transfer, the same as a
 * single-step transfer of a client; with it the two calls of the phone become one. The phone hears by NOTIFY what came
 * of it, before its own dialog ends.
 */
export function referCall(
  calls: Calls,
  transfers: Transfers,
  controller: CallController,
  party: string,
  incoming: IncomingRequest,
): void {
  const referral = readReferTo(incoming);
  if (referral === undefined) return incoming.respond(400, { reason: "Missing Or Malformed Refer-To" });
  const own = presentParties(controller.call).find(({ id }) => id === party);
  const leg = controller.phones.get(party);
  if (own === undefined || leg === undefined || (own.state !== "connected" && own.state !== "held")) {
    return incoming.respond(403, { reason: "Nothing To Transfer" });
  }
  if (referral.replaces === undefined && (referral.number === undefined || referral.number === own.dn)) {
    return incoming.respond(403, { reason: "Refer-To Leads Back" });
  }
  const from: InCall = { controller, party: own };
  incoming.respond(202);
  const told = new Progress(leg.session, incoming);
  told.say(100, "Trying", "active;expires=60");
  const work =
    referral.replaces === undefined
      ? blind(transfers, from, referral.number ?? "", told)
      : attended(calls, from, referral.replaces, told);
  work.catch((error: unknown) => controller.log.error({ error: errorText(error) }, "a phone's transfer failed"));
}

async function blind(
  transfers: Transfers,
  { controller, party }: InCall,
  number: string,
  told: Progress,
): Promise<void> {
  const target = transfers.target(number);
  if (!target.ok) return told.end(404, "Not Found");
  const outcome = await controller.bringIn(target.value, {
    how: "transfer",
    party: party.id,
    onReached: () => told.end(200, "OK"),
  });
  if (!outcome.ok) told.end(480, "Temporarily Unavailable");
}

async function attended(calls: Calls, from: InCall, name: DialogName, told: Progress): Promise<void> {
  const other = calls.byDialog(name);
  if (other === undefined || other.controller === from.controller) return told.end(481, "Call Does Not Exist");
  // The older call is the one that was held for the consultation.
  const first = from.controller.call.createdMicros <= other.controller.call.createdMicros;
  const [main, consult] = first ? [from, other] : [other, from];
  told.end(200, "OK");
  const outcome = await completeConsultation("transfer", main, consult);
  if (!outcome.ok)
    from.controller.log.warn({ reason: outcome.error.message }, "a phone's transfer could not be completed");
}

function readReferTo(incoming: IncomingRequest): Referral | undefined {
  const text = incoming.request.headers.get("Refer-To");
  const read = text === undefined ? undefined : parseNameAddr(text);
  if (read?.ok !== true) return undefined;
  const { uri } = read.value;
  const replaces = headerOf(uri.headers, "replaces");
  const dialog = replaces === undefined ? undefined : readReplaces(replaces);
  if (replaces !== undefined && dialog === undefined) return undefined;
  return { number: dialledNumber(uri), replaces: dialog };
}

/** A header that a URI carries behind its `?` (RFC 3261 19.1.1). */
function headerOf(headers: string | undefined, name: string): string | undefined {
  for (const pair of (headers ?? "").split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).toLowerCase() === name) return unescapeUri(pair.slice(equals + 1));
  }
  return undefined;
}

/** RFC 3515 2.4.4: what the phone is told of its REFER, as fragments of responses. */
class Progress {
  readonly #session: Pick<InviteSession, "request">;
  readonly #id: string;
  #over = false;

  constructor(session: Pick<InviteSession, "request">, incoming: IncomingRequest) {
    this.#session = session;
    this.#id = String(incoming.request.cseq?.sequence ?? "");
  }

  say(status: number, reason: string, state: string): void {
    void this.#session.request("NOTIFY", {
      headers: [
        ["Event", this.#id === "" ? "refer" : `refer;id=${this.#id}`],
        ["Subscription-State", state],
      ],
      body: `SIP/2.0 ${status} ${reason}\r\n`,
      contentType: "message/sipfrag;version=2.0",
    });
  }

  end(status: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.say(status, reason, "terminated;reason=noresource");
  }
}
