import { type ApiAccess, field, getJson, listField, postJson, textField } from "./api-client.ts";
import { table } from "./table.ts";

/** State of media servers and recorders, as text or JSON. */
export async function resources(access: ApiAccess, json: boolean): Promise<string> {
  const answer = await getJson(access, "/api/v1/resources");
  return json ? JSON.stringify(answer, null, 2) : resourcesText(answer);
}

/** Takes a resource out of service for what is new, or back in; gives its state. */
export async function changeResource(
  access: ApiAccess,
  verb: "withdraw" | "restore",
  address: string,
  json: boolean,
): Promise<string> {
  const answer = await postJson(access, `/api/v1/resources/${verb}`, { address });
  return json ? JSON.stringify(answer, null, 2) : resourcesText(answer);
}

/** Shows the state again and again until it is enough. @param show is given the text, which takes the place of the one before */
export async function watchResources(
  access: ApiAccess,
  json: boolean,
  o: { readonly show: (text: string) => void; readonly pause: () => Promise<boolean> },
): Promise<void> {
  let last = "";
  do {
    const answer = await getJson(access, "/api/v1/resources");
    const text = json ? JSON.stringify(answer) : resourcesText(answer);
    if (text !== last) o.show(text);
    last = text;
  } while (await o.pause());
}

/** The answer of `GET /api/v1/resources` for people: resources by group, then who is told of losses. */
export function resourcesText(answer: unknown): string {
  const rows = listField(answer, "resources").map((r) => [
    textField(r, "group") ?? "",
    textField(r, "service") ?? "",
    textField(r, "address") ?? "",
    textField(r, "state") ?? "",
    ago(field(r, "sinceMs")),
    sessions(r),
    share(field(r, "share")),
    lastAnswer(r),
    note(r),
  ]);
  const heading = ["group", "service", "resource", "state", "since", "sessions", "share", "last answer", "note"];
  const parts = [table([heading, ...rows])];
  const groups = listField(answer, "groups").map((g) => [
    textField(g, "name") ?? "",
    textField(g, "scheme") ?? "",
    String(number(field(g, "preference")) ?? ""),
    textField(g, "geoLocation") ?? "",
    `${number(field(g, "up")) ?? 0} of ${number(field(g, "resources")) ?? 0}`,
    String(number(field(g, "sessions")) ?? ""),
  ]);
  if (groups.length > 0) {
    parts.push(table([["group", "scheme", "preference", "location", "up", "sessions"], ...groups]));
  }
  const subscribers = listField(answer, "subscribers").map((s) => [
    textField(s, "from") ?? "",
    ago(field(s, "sinceMs")),
    textField(s, "uri") ?? "",
  ]);
  if (subscribers.length > 0) parts.push(table([["told of losses", "since", "contact"], ...subscribers]));
  return parts.join("\n\n");
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** A duration in its largest unit: `12s`, `5m`, `3h`, `2d`. */
function ago(value: unknown): string {
  const ms = number(value);
  if (ms === undefined) return "";
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function sessions(resource: unknown): string {
  const used = number(field(resource, "sessions"));
  const capacity = number(field(resource, "capacity"));
  if (used === undefined) return "";
  return capacity === undefined ? String(used) : `${used} of ${capacity}`;
}

function share(value: unknown): string {
  const part = number(value);
  return part === undefined ? "" : `${Math.round(part * 1000) / 10}%`;
}

function lastAnswer(resource: unknown): string {
  const answer = field(resource, "lastAnswer");
  const status = textField(answer, "status");
  return status === undefined ? "never" : `${status}, ${ago(field(answer, "agoMs"))} ago`;
}

function note(resource: unknown): string {
  const reason = textField(resource, "reason") ?? "";
  const left = number(field(resource, "sessions")) ?? 0;
  if (textField(resource, "state") !== "withdrawn") return reason;
  return `${reason}, ${left === 0 ? "no session left" : `${left} left`}`;
}
