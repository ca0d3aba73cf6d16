import type { Voice } from "./check-config.ts";
import type { SidetoneConfig } from "@sidetone/config";
import type { ClientEvent } from "@sidetone/tlib/client";
import { callLine, eventLine } from "./event-line.ts";
import { tlibClient, tlibFailure, type TlibOptions } from "./tlib-access.ts";

export interface WatchOptions extends TlibOptions {
  /** Events as JSON lines, as they came. */
  readonly json: boolean;
  /** Resolves when it is enough. */
  readonly until: Promise<unknown>;
}

/** Shows what happens on DNs, live, until it is stopped. @throws SidetoneError where the first connection or a registration fails */
export async function watch(
  dns: readonly string[],
  options: WatchOptions,
  config: () => SidetoneConfig,
  voice: Voice,
): Promise<void> {
  const client = await tlibClient(options, config, { dns, rights: ["monitor"] });
  client.on("disconnected", ({ reason }) => voice.complain(`connection lost: ${reason}; trying again`));
  client.on("connected", ({ resumed }) =>
    voice.complain(resumed ? "connected again, nothing was lost" : "connected anew"),
  );
  void options.until.then(() => client.close());
  const shown = show(client.events(), options.json, voice);
  try {
    for (const dn of dns) await client.register(dn, { RegisterMode: "ModeMonitor" });
    if (!options.json) voice.complain(`watching ${dns.join(", ")}; Ctrl-C ends it`);
    await shown;
  } catch (error) {
    await client.close();
    throw tlibFailure(error);
  }
}

async function show(events: AsyncIterable<ClientEvent>, json: boolean, voice: Voice): Promise<void> {
  for await (const event of events) {
    if (json) voice.say(JSON.stringify(event, plain));
    else for (const line of linesOf(event)) voice.say(line);
  }
}

/** A Map becomes an object. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function linesOf(event: ClientEvent): readonly string[] {
  if (event.message === "Reset") {
    const lines = [`the session began anew (${event.reason}); these calls are up:`];
    for (const { ThisDN, Calls } of event.registrations.values())
      lines.push(...Calls.map((call) => callLine(ThisDN, call)));
    for (const [dn, error] of event.failed) lines.push(`${dn} could not be registered again: ${error.message}`);
    return lines;
  }
  if (event.message === "EventRegistered") {
    return event.attributes.Calls.map((call) => callLine(event.attributes.ThisDN, call));
  }
  return [eventLine(event)];
}
