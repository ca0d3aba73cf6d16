import type { AlertToneConfig } from "@sidetone/config";
import type { AlertTone } from "@sidetone/msml";

/** What a DN hears where nothing says how it sounds: 200 ms of 1,400 Hz every 15 s. */
const usual: AlertToneConfig = {
  everyMs: 15_000,
  durationMs: 200,
  frequencyHz: 1400,
  sides: ["customer", "agent"],
  recorded: true,
  file: undefined,
};

/**
 * The tone that tells of a recording: of the DNs for which the call is recorded one that wants it is enough; where none
 * says anything, the option decides. Undefined: none is heard.
 *
 * @param wishes `alert-tone` of those DNs
 */
export function alertToneOf(
  option: AlertToneConfig | undefined,
  wishes: readonly (boolean | undefined)[],
): AlertTone | undefined {
  const refused = wishes.length > 0 && wishes.every((wish) => wish === false);
  const wanted = wishes.includes(true) || (option !== undefined && !refused);
  if (!wanted) return undefined;
  const { file, everyMs, durationMs, frequencyHz, sides, recorded } = option ?? usual;
  const tone = { everyMs, durationMs, frequencyHz, sides, recorded };
  return file === undefined ? tone : { ...tone, file: `file:///${encodeURIComponent(file)}` };
}
