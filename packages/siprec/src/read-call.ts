import type { CallEvent, RecordedCall } from "./metadata.ts";
import type { Fields } from "./read-fields.ts";
import { readTime } from "./time.ts";

/** `<call>` of `urn:sidetone:siprec:1`. */
export function readCall(fields: Fields): RecordedCall | undefined {
  const recordingId = fields.attribute("recording");
  if (recordingId === undefined) {
    fields.warnings.add("missing-id", "call");
    return undefined;
  }
  const state = fields.attribute("state");
  const events: CallEvent[] = [];
  for (const el of fields.children("event")) {
    const name = el.attributes.get("name");
    const time = readTime(el.attributes.get("time") ?? "", fields.warnings);
    const reason = el.attributes.get("reason");
    if (name !== undefined && time !== undefined) {
      events.push({ name, time, ...(reason === undefined ? {} : { reason }) });
    }
  }
  return {
    recordingId,
    state: state === "paused" || state === "stopped" ? state : "recording",
    ...present("callUuid", fields.attribute("uuid")),
    ...present("connId", fields.attribute("connid")),
    ...present("agentId", fields.attribute("agentid")),
    ...present("recordDn", fields.attribute("recorddn")),
    ...present("fileName", fields.attribute("file")),
    ...present("copy", wholeNumber(fields.attribute("copy"))),
    ...present("epoch", wholeNumber(fields.attribute("epoch"))),
    params: pairs(fields, "param"),
    userParams: pairs(fields, "user-param"),
    events,
  };
}

function present<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  // The cast says what a computed key makes TypeScript forget.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function pairs(fields: Fields, name: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const el of fields.children(name)) {
    const key = el.attributes.get("name");
    if (key !== undefined) found.set(key, el.attributes.get("value") ?? "");
  }
  return found;
}
