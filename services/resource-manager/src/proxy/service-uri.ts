import { parseUri, type SipUri } from "@sidetone/sip";
import { maxIdLength } from "../limits.ts";

/** What a Request-URI asks for. */
export type ServiceWish =
  /** R11: `sip:msml=<conf-id>@...;dn=<DN>;record`. */
  | {
      readonly kind: "msml";
      readonly uri: SipUri;
      readonly confId: string;
      readonly record: boolean;
      /** `;resource-group=<name>`: the group that it asks for. Of recordings the host names the group. */
      readonly group: string | undefined;
    }
  /** `sip:record=<id>@...;calluuid=<UUID>;copy=<1|2>;epoch=<n>`. */
  | {
      readonly kind: "record";
      readonly uri: SipUri;
      readonly id: string;
      readonly copy: string;
      /** Undefined where it does not say a number. */
      readonly epoch: number | undefined;
      readonly callUuid: string | undefined;
    };

/** Reads a Request-URI; undefined where it names no service. The id is compared without its `%` escapes. */
export function readServiceUri(text: string): ServiceWish | undefined {
  const parsed = parseUri(text);
  if (!parsed.ok || parsed.value.user === undefined) return undefined;
  const uri = parsed.value;
  const user = unescapeUser(parsed.value.user);
  const equals = user.indexOf("=");
  const name = equals < 0 ? "" : user.slice(0, equals).toLowerCase();
  // Some clients put parameters into the user part: `msml=abc;dn=7001@host`.
  const rest = user.slice(equals + 1);
  const semicolon = rest.indexOf(";");
  const id = semicolon < 0 ? rest : rest.slice(0, semicolon);
  if (id === "" || id.length > maxIdLength) return undefined;
  if (name === "msml") {
    const group = uri.params.text("resource-group");
    return { kind: "msml", uri, confId: id, record: uri.params.has("record"), group };
  }
  if (name === "record") {
    const { params } = uri;
    const epoch = epochOf(params.text("epoch"));
    return { kind: "record", uri, id, copy: params.text("copy") ?? "1", epoch, callUuid: params.text("calluuid") };
  }
  return undefined;
}

function epochOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function unescapeUser(user: string): string {
  if (!user.includes("%")) return user;
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}
