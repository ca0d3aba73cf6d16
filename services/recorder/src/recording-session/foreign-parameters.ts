import type { SipRequest } from "@sidetone/sip";
import type { RecordingMetadata } from "@sidetone/siprec";

/** Names, lower case, under which vendors say who called and whom. */
const CALLER = ["callingpartynumber", "fromhdr", "callingnumber"] as const;
const CALLED = ["calledpartynumber", "tohdr", "callednumber"] as const;

/**
 * What a foreign client's metadata and headers say of the call, as parameters of the recording: every value of its extensions by its own name, and
 * under our names who called (`ani`), who was called (`dnis`), the agent, the group of sessions and the number in From.
 */
export function foreignParameters(
  metadata: RecordingMetadata | undefined,
  request?: SipRequest,
): Record<string, string> {
  const values = new Map(turned(metadata?.foreign ?? []));
  const lower = new Map(Array.from(values, ([name, value]) => [name.toLowerCase(), value]));
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "" && !lower.has(name)) {
      values.set(name, value);
      lower.set(name, value);
    }
  };
  const said = (names: readonly string[]): string | undefined => {
    const value = names.map((name) => lower.get(name)).find((one) => one !== undefined);
    return value === undefined ? undefined : userIn(value);
  };
  add("ani", said(CALLER) ?? partyUser(metadata, true));
  add("dnis", said(CALLED) ?? partyUser(metadata, false));
  add("groupid", metadata?.groups[0]?.id);
  add("ucid", lower.get("avayaucid")?.trim());
  if (request !== undefined) {
    add("from", request.from?.uri.user);
    add("agentid", request.headers.get("X-GenesysAgentID"));
  }
  return Object.fromEntries(values);
}

/** jambonz (known by its own `callsid`, `accountsid`) gives each of the two numbers the other's name. */
function turned(foreign: NonNullable<RecordingMetadata["foreign"]>): (readonly [string, string])[] {
  const names = new Set(foreign.map(([name]) => name));
  if (!names.has("callsid") || !names.has("accountsid")) return Array.from(foreign);
  const other = new Map([
    ["callednumber", "callingnumber"],
    ["callingnumber", "callednumber"],
  ]);
  return foreign.map(([name, value]) => [other.get(name) ?? name, value]);
}

function partyUser(metadata: RecordingMetadata | undefined, calling: boolean): string | undefined {
  const aor = metadata?.participants.find((p) => p.calling === calling)?.names[0]?.aor;
  return aor === undefined ? undefined : userIn(aor);
}

/** The user part of the first address in a text: a header, a URI, or a bare number. */
function userIn(text: string): string {
  const open = text.indexOf("<");
  const bare =
    open < 0 ? text : text.slice(open + 1, text.indexOf(">", open) < 0 ? undefined : text.indexOf(">", open));
  const scheme = /^\s*(?:sips?|tel):/i.exec(bare)?.[0].length ?? 0;
  const rest = bare.slice(scheme).trim();
  const end = rest.search(/[@;]/);
  return end < 0 ? rest : rest.slice(0, end);
}
