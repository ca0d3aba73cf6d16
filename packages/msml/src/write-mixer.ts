import { element, type XmlElement } from "@sidetone/xml";
import type { AudioMix } from "./media.ts";
import { numberText, timeText } from "./write-attributes.ts";

/** `<audiomix>`; undefined where there is none. */
export function mixElement(mix: AudioMix | undefined): XmlElement | undefined {
  if (mix === undefined) return undefined;
  const { id, sampleRate, nLoudest, asn } = mix;
  const children = [
    asn === undefined
      ? undefined
      : element("asn", { attributes: { ri: timeText(asn.intervalMs), asth: numberText(asn.thresholdDb) } }),
    nLoudest === undefined ? undefined : element("n-loudest", { attributes: { n: numberText(nLoudest) } }),
  ];
  return element("audiomix", { attributes: { id, samplerate: numberText(sampleRate) }, children });
}
