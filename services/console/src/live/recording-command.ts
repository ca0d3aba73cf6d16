import type { AccessTokenMint } from "@sidetone/access-token";
import { type Clock, errorText, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import { connect, TlibError } from "@sidetone/tlib/client";
import type { Audit } from "../audit/audit.ts";
import type { Visitor } from "../authentication.ts";
import { scopeHeader } from "../gateway.ts";
import { commandTimeoutMs } from "../limits.ts";
import { may } from "../permissions.ts";
import type { RoleDirectory } from "../role-directory.ts";
import { liveViewOff } from "../tlib-token.ts";
import { type Asking, askJson } from "./ask-json.ts";
import { commandDn, seesCall } from "./live-view.ts";
import type { CallOnStage } from "./role-views.ts";

const commands = ["start", "pause", "resume", "stop"] as const;
type Command = (typeof commands)[number];

/** What recording commands need. */
export interface RecordingCommandOptions {
  readonly clock: Clock;
  readonly directory: RoleDirectory;
  readonly asking: Asking;
  /** Undefined where no key is configured. */
  readonly mint: AccessTokenMint | undefined;
  readonly audit: Audit;
  readonly visitorOf: (request: FastifyRequest) => Visitor | undefined;
}

type CommandRequest = FastifyRequest<{ Params: { connId: string }; Body: { command: Command } }>;

const schema = {
  body: {
    type: "object",
    required: ["command"],
    additionalProperties: false,
    properties: { command: { enum: [...commands] } },
  },
} as const;

/**
 * `POST /api/v1/calls/{connId}/recording` with `{"command": "start" | "pause" | "resume" | "stop"}`. It is said to SIP Server by T-Library in the
 * name and with the rights of who asks, as from that person's own desktop: SIP Server judges it, and its audit has the person's name too.
 */
export function registerRecordingCommand(app: FastifyInstance, o: RecordingCommandOptions): void {
  app.post("/api/v1/calls/:connId/recording", { schema }, async (request: CommandRequest, reply) => {
    const visitor = o.visitorOf(request);
    const { connId } = request.params;
    const { command } = request.body;
    const keep = (outcome: "ok" | "refused" | "failed", more: Readonly<Record<string, string>> = {}): Promise<void> =>
      o.audit.record({
        user: visitor?.name ?? "",
        role: visitor?.role ?? "",
        address: request.ip,
        action: "control-recording",
        object: connId.slice(0, 100),
        outcome,
        detail: { command, ...more },
      });
    if (visitor === undefined || !may(visitor, "control")) {
      await keep("refused", { reason: "role" });
      throw new SidetoneError("not-allowed", "Your role may not command recordings.", {
        http: 403,
        remedy: "Ask an administrator for another role.",
      });
    }
    try {
      await carryOut(o, visitor, connId, command);
    } catch (error) {
      const refused = error instanceof SidetoneError && (error.http ?? 500) < 500;
      await keep(refused ? "refused" : "failed", { reason: errorText(error) });
      throw error;
    }
    await keep("ok");
    return reply.code(204).send();
  });
}

async function carryOut(o: RecordingCommandOptions, visitor: Visitor, connId: string, command: Command): Promise<void> {
  if (o.mint === undefined)
    throw new SidetoneError("live-view-off", liveViewOff.detail, { http: 503, remedy: liveViewOff.remedy });
  const found = await findCall(o, visitor, connId);
  if (found === undefined)
    throw new SidetoneError("no-such-call", "There is no such call now.", {
      http: 404,
      remedy: "It may have ended in this moment.",
    });
  const dn = commandDn(visitor, found.call);
  if (dn === undefined)
    throw new SidetoneError("not-allowed", "You may not command the recording of this call.", {
      http: 403,
      remedy: "It needs the right record for a DN of the call (console.users, grants).",
    });
  const { token } = o.mint.mint(visitor.name, visitor.grants);
  try {
    await say(o.clock, found.url, token, dn, connId, command);
  } catch (error) {
    if (!(error instanceof TlibError)) throw error;
    const said = `${error.message} (${error.name}).`;
    // Without a code it is what the library says: SIP Server has judged nothing.
    if (error.code === 0)
      throw new SidetoneError("role-unreachable", said, {
        http: 502,
        remedy: "Look at /readyz of SIP Server.",
        cause: error,
      });
    throw new SidetoneError("recording-refused", said, {
      http: 409,
      remedy: "Look at the call: it may have changed meanwhile.",
      cause: error,
    });
  }
}

/** The call at one of the SIP Servers, where the visitor may see it. */
async function findCall(
  { directory, asking }: RecordingCommandOptions,
  visitor: Visitor,
  connId: string,
): Promise<{ readonly url: string; readonly call: CallOnStage } | undefined> {
  if (directory.urlsOf("sip-server").length === 0) await directory.ask();
  const { scope } = visitor;
  const headers = scope === undefined ? {} : { [scopeHeader]: scope.join(", ") };
  for (const url of directory.urlsOf("sip-server")) {
    const answer = await askJson(asking, `${url}/api/v1/calls`, headers);
    const { calls } = (answer ?? { calls: [] }) as { readonly calls: readonly CallOnStage[] };
    const call = calls.find((one) => one.connId === connId);
    // It is narrowed there; a SIP Server that does not know the header yet must not open what is not theirs.
    if (call !== undefined && seesCall(visitor, call)) return { url, call };
  }
  return undefined;
}

/** A session for one request: commands are seldom, and rights are those of the moment. */
async function say(
  clock: Clock,
  base: string,
  accessToken: string,
  ThisDN: string,
  ConnID: string,
  command: Command,
): Promise<void> {
  const client = await connect({
    url: `${base.replace(/^http/, "ws")}/tlib/v1`,
    applicationName: "console",
    accessToken,
  });
  // What is still asked then is rejected.
  const giveUp = clock.after(commandTimeoutMs, () => void client.close());
  try {
    await client.register(ThisDN);
    const about = { ThisDN, ConnID, Reasons: { source: "console" } };
    if (command === "start") await client.recordStart(about);
    else if (command === "pause") await client.recordPause(about);
    else if (command === "resume") await client.recordResume(about);
    else await client.recordStop(about);
  } finally {
    giveUp();
    await client.close();
  }
}
