import { element, type XmlElement } from "@sidetone/xml";
import { type AlertTone, type RecorderCommand, recorderNamespace } from "./recorder.ts";
import { flagText, listText, numberText, timeText } from "./write-attributes.ts";

/** `<rec:recorder>`. */
export function recorderElement(command: RecorderCommand): XmlElement {
  const { state, initial, backfillMs, epoch, params, userParams, streams, alertTone } = command;
  const attributes = { state, initial, "backfill-ms": numberText(backfillMs), epoch: numberText(epoch) };
  return rec("recorder", attributes, [
    ...Array.from(params, ([name, value]) => rec("param", { name, value })),
    ...Array.from(userParams, ([name, value]) => rec("user-param", { name, value })),
    ...streams.map(({ label, side, conn, aor, dn, name }) => rec("stream", { label, side, conn, aor, dn, name })),
    ...(alertTone === undefined ? [] : [alertToneElement(alertTone)]),
  ]);
}

function alertToneElement(tone: AlertTone | "off"): XmlElement {
  if (tone === "off") return rec("alert-tone", { every: "0s" });
  return rec("alert-tone", {
    every: timeText(tone.everyMs),
    duration: timeText(tone.durationMs),
    frequency: numberText(tone.frequencyHz),
    file: tone.file,
    sides: listText(tone.sides),
    recorded: flagText(tone.recorded),
  });
}

function rec(
  name: string,
  attributes: Record<string, string | undefined>,
  children: readonly XmlElement[] = [],
): XmlElement {
  return element(name, { ns: recorderNamespace, prefix: "rec", attributes, children });
}
