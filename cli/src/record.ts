import type { SidetoneConfig } from "@sidetone/config";
import { SidetoneError, systemClock } from "@sidetone/foundation";
import type { Registered, TlibClient } from "@sidetone/tlib/client";
import type { Voice } from "./check-config.ts";
import { tlibClient, tlibFailure, type TlibOptions } from "./tlib-access.ts";

/** What may be asked of a recording. */
export type RecordAction = "start" | "stop" | "pause" | "resume";

export interface RecordOptions extends TlibOptions {
  readonly dn: string;
  /** Default: the only call that is up on the DN. */
  readonly connId?: string;
  /** Whom a start records (R3); default `source`, the party of the DN. */
  readonly side?: "source" | "destination";
  readonly id?: string;
  readonly dest?: string;
  readonly dest2?: string;
  /** `name=value`, for the recording's metadata (R7). */
  readonly param?: readonly string[];
  readonly reason?: string;
}

/** How long the command waits for what the call says about its recording, after the request was accepted; ms. */
const INDICATION_MS = 5000;

/** Sends 3013-3016 and says what came of it. @throws SidetoneError with the ErrorName of the refusal */
export async function record(
  action: RecordAction,
  options: RecordOptions,
  config: () => SidetoneConfig,
  voice: Voice,
): Promise<void> {
  const client = await tlibClient(options, config, { dns: [options.dn], rights: ["monitor", "record"] });
  try {
    const registered = await client.register(options.dn);
    const connId = options.connId ?? onlyCall(registered, options.dn);
    const indicated = indication(client, connId);
    await client[methods[action]]({
      ThisDN: options.dn,
      ConnID: connId,
      ...extensions(action, options),
      ...(options.reason === undefined ? {} : { Reasons: { reason: options.reason } }),
    });
    voice.say(`${connId}: ${action} accepted`);
    voice.say((await indicated) ?? `${connId}: nothing was heard of the recording within ${INDICATION_MS / 1000} s`);
  } catch (error) {
    throw tlibFailure(error);
  } finally {
    await client.close();
  }
}

const methods = { start: "recordStart", stop: "recordStop", pause: "recordPause", resume: "recordResume" } as const;

function onlyCall(registered: Registered, dn: string): string {
  const calls = registered.attributes.Calls;
  const [only] = calls;
  if (only !== undefined && calls.length === 1) return only.ConnID;
  throw new SidetoneError(
    "which-call",
    only === undefined
      ? `${dn} has no call.`
      : `${dn} has ${calls.length} calls: ${calls.map((c) => c.ConnID).join(", ")}.`,
    { exit: 1, remedy: "Name the call with --conn-id; sidetone watch shows which are there." },
  );
}

function extensions(
  action: RecordAction,
  o: RecordOptions,
): { Extensions?: Record<string, string | Record<string, string>> } {
  const list: Record<string, string | Record<string, string>> = {};
  if (action === "start" && o.side !== undefined) list["record"] = o.side;
  for (const [name, value] of [
    ["id", o.id],
    ["dest", o.dest],
    ["dest2", o.dest2],
  ] as const) {
    if (value === undefined) continue;
    if (action !== "start") throw badOption(`--${name} belongs to start.`);
    list[name] = value;
  }
  const params = Object.fromEntries(
    (o.param ?? []).map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw badOption(`--param ${text} is not name=value.`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
  if (Object.keys(params).length > 0) list["params"] = params;
  return Object.keys(list).length === 0 ? {} : { Extensions: list };
}

function badOption(message: string): SidetoneError {
  return new SidetoneError("bad-option", message, { exit: 1, remedy: "sidetone record --help shows the options." });
}

/** The next thing the call says about its recording (R20, R21, R23). */
function indication(client: TlibClient, connId: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(INDICATION_MS, () => resolve(undefined));
    const done = (text: string): void => {
      cancel();
      resolve(text);
    };
    client.on("EventAttachedDataChanged", ({ attributes }) => {
      const data = new Map(Object.entries(attributes.UserData));
      if (attributes.ConnID !== connId || attributes.ChangedKeys?.includes("GSIP_RECORD") !== true) return;
      const [state, file] = [data.get("GSIP_RECORD"), data.get("GSIP_REC_FN")];
      done(
        `${connId}: recording ${typeof state === "string" ? state : "?"}${typeof file === "string" ? `, ${file}` : ""}`,
      );
    });
    client.on("EventPrivateInfo", ({ attributes }) => {
      if (attributes.ConnID === connId) done(`${connId}: ${JSON.stringify(attributes.Extensions ?? {})}`);
    });
  });
}
