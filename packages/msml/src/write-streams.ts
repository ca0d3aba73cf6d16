import { element, type XmlElement } from "@sidetone/xml";
import type { Clamp, Gain, MediaStream } from "./media.ts";
import { flagText, numberText } from "./write-attributes.ts";

/** `<stream>` of a `<join>`, `<modifystream>` or `<unjoin>` (RFC 5707 8.12). */
export function streamElement({ media, dir, compressed, preferred, gain, clamp }: MediaStream): XmlElement {
  const attributes = { media, dir, compressed: flagText(compressed), preferred: flagText(preferred) };
  return element("stream", { attributes, children: [gainElement(gain), clampElement(clamp)] });
}

/** `<gain>`; undefined where there is none. */
export function gainElement(gain: Gain | undefined): XmlElement | undefined {
  switch (gain?.kind) {
    case undefined:
      return undefined;
    case "fixed":
      return element("gain", { attributes: { amt: numberText(gain.db) } });
    case "mute":
    case "unmute":
      return element("gain", { attributes: { amt: gain.kind } });
    case "agc": {
      const { targetDb, maxGainDb } = gain;
      return element("gain", {
        attributes: { agc: "true", tgtlvl: numberText(targetDb), maxgain: numberText(maxGainDb) },
      });
    }
    case "agc-off":
      return element("gain", { attributes: { agc: "false" } });
  }
}

/** `<clamp>`; undefined where there is none. */
export function clampElement(clamp: Clamp | undefined): XmlElement | undefined {
  if (clamp === undefined) return undefined;
  return element("clamp", { attributes: { dtmf: flagText(clamp.dtmf), tone: flagText(clamp.tone) } });
}
