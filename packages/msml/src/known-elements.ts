/** Elements that are read somewhere: elsewhere they are misplaced (404). */
export const servedElements: ReadonlySet<string> = words([
  "msml result event send audit auditresult",
  "createconference modifyconference destroyconference reserve resource audiomix n-loudest asn",
  "join modifystream unjoin monitor stream gain clamp",
  "dialogstart dialogend moml exit disconnect group groupexit",
  "play audio var playexit dtmfgen dtmfgenexit tonegen tonegenexit",
  "tone tone1 tone2 silence record recordexit",
  "collect dtmf pattern detect noinput nomatch dtmfexit",
  "rec:recorder rec:param rec:user-param rec:stream rec:alert-tone rec:recorderid",
]);

/**
 * Elements of RFC 5707 that are not served (402): video (8.7, 8.12.2), the packages Transform, Speech and Fax
 * (9.9 to 9.12), speech in a `<play>`; and three requests of MSML 1.0.
 */
export const unservedElements: ReadonlySet<string> = words([
  "videolayout root region selector visual video media",
  "tts speech grammar",
  "vad agc gate relay",
  "faxdetect faxrcv faxsend",
  "insert remove reset",
]);

function words(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
