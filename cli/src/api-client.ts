import { readFileSync } from "node:fs";
import type { SidetoneConfig } from "@sidetone/config";
import { errorText, SidetoneError } from "@sidetone/foundation";

/** Where the API is, and what it is asked with. */
export interface ApiAccess {
  readonly base: string;
  readonly authorization: string | undefined;
}

/** Options that every command that asks a running system has. */
export interface ApiOptions {
  readonly url?: string;
  readonly user?: string;
  /** `TOKEN` or `@FILE` of a role that asks for one. */
  readonly token?: string;
}

/** `--url` and `--user NAME:PASSWORD`, else the console of the configuration with its first user. */
export function apiAccess(options: ApiOptions, config: () => SidetoneConfig): ApiAccess {
  const basic = (text: string): string => `Basic ${Buffer.from(text, "utf8").toString("base64")}`;
  const bearer = options.token === undefined ? undefined : `Bearer ${tokenText(options.token)}`;
  const given = bearer ?? (options.user === undefined ? undefined : basic(options.user));
  if (options.url !== undefined) return { base: options.url.replace(/\/$/, ""), authorization: given };
  const section = config().console;
  if (section === undefined) {
    throw new SidetoneError("no-console", "The configuration has no console to ask.", {
      exit: 1,
      remedy: "Name one with --url http://ADDRESS:PORT and --user NAME:PASSWORD.",
    });
  }
  const user = section.users[0];
  const own = user === undefined ? undefined : basic(`${user.name}:${user.password}`);
  return { base: `http://${reachable(section.http)}`, authorization: given ?? own };
}

function tokenText(given: string): string {
  if (!given.startsWith("@")) return given;
  try {
    return readFileSync(given.slice(1), "utf8").trim();
  } catch (error) {
    throw new SidetoneError("token-unreadable", `The token's file cannot be read: ${errorText(error)}.`, {
      exit: 1,
      remedy: "Give --token TOKEN, or --token @FILE with a file that this user may read.",
      cause: error,
    });
  }
}

/** `host:port` at which this machine reaches what listens there: on every address means on loopback too. */
export function reachable({ host, port }: { readonly host: string; readonly port: number }): string {
  const own = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${own.includes(":") ? `[${own}]` : own}:${port}`;
}

/** GETs JSON. @throws SidetoneError `not-running`, or the problem that the server tells, with its remedy. */
export function getJson(access: ApiAccess, path: string): Promise<unknown> {
  return ask(access, path, {});
}

/** POSTs JSON. @throws as `getJson` */
export function postJson(access: ApiAccess, path: string, body: unknown): Promise<unknown> {
  return ask(access, path, { method: "POST", body: JSON.stringify(body) });
}

async function ask(access: ApiAccess, path: string, request: { method?: string; body?: string }): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (request.body !== undefined) headers["content-type"] = "application/json";
  if (access.authorization !== undefined) headers["authorization"] = access.authorization;
  let response: Response;
  try {
    response = await fetch(access.base + path, { ...request, headers });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? errorText(error.cause) : errorText(error);
    throw new SidetoneError("not-running", `${access.base} does not answer: ${cause}.`, {
      exit: 1,
      remedy: "Start the system with sidetone start, or name another address with --url.",
      cause: error,
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const detail = textField(body, "detail") ?? response.statusText;
  const remedy = textField(body, "remedy");
  throw new SidetoneError(
    textField(body, "code") ?? "refused",
    `${access.base} answers ${response.status}: ${detail}`,
    {
      exit: 1,
      ...(remedy === undefined ? {} : { remedy }),
    },
  );
}

/** A text field of an answer whose shape is not known. */
export function textField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" ? found : undefined;
}

/** A field of an answer whose shape is not known. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A list of an answer, empty where there is none. */
export function listField(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
