import { isInstanceName } from "@sidetone/msml";
import { parseUri, unescapeUri } from "@sidetone/sip";

/** R11: `sip:msml=<conf-id>@<host>;dn=<DN>;record`. */
export interface LegUri {
  /** Name of the conference that the leg is for; the same for all parties of the call. */
  readonly confId: string;
  /** The leg's own DN. */
  readonly dn: string | undefined;
  /** The leg may be recorded. */
  readonly record: boolean;
}

/** Reads a Request-URI; undefined where it is not `sip:msml=...`, or the conf-id is no instance name. */
export function readLegUri(text: string): LegUri | undefined {
  const uri = parseUri(text);
  if (!uri.ok || uri.value.user === undefined) return undefined;
  const user = unescapeUri(uri.value.user);
  if (user.slice(0, 5).toLowerCase() !== "msml=") return undefined;
  const confId = user.slice(5).split(";", 1)[0] ?? "";
  if (!isInstanceName(confId)) return undefined;
  const dn = uri.value.params.get("dn");
  return {
    confId,
    dn: typeof dn === "string" ? unescapeUri(dn) : undefined,
    record: uri.value.params.get("record") !== undefined,
  };
}
