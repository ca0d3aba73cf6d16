import { isIP } from "node:net";
import { resolve } from "node:path";
import { withoutCredentials } from "./credentials.ts";
import { nearestName } from "@sidetone/foundation";
import type { At, Reader, Reading } from "./reading.ts";
import { isMap } from "yaml";
import { secret, text, unmasked } from "./scalars.ts";
import type { HttpAddress, ListenAddress } from "./types.ts";

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:5060` or `[::1]:5060`; undefined where it is neither. */
function hostPort(value: string): HostPort | undefined {
  const colon = value.lastIndexOf(":");
  if (colon <= 0) return undefined;
  const digits = value.slice(colon + 1);
  const port = Number(digits);
  if (digits === "" || digits.length > 5 || !Number.isInteger(port) || port > 65535) return undefined;
  let host = value.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) host = host.slice(1, -1);
  else if (host.includes(":")) return undefined;
  if (!soundHost(host)) return undefined;
  return { host, port };
}

function soundHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  if (host === "" || host.length > 253) return false;
  return Array.from(host).every((c) => /[A-Za-z0-9.-]/.test(c)) && !/^[0-9.]+$/.test(host);
}

const sipTransports = ["udp", "tcp"] as const;
const plannedTransports = ["tls", "ws", "wss"];

/** `udp://127.0.0.1:5060`. */
export const listenAddress: Reader<ListenAddress> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  const [scheme, rest] = splitScheme(value);
  const transport = sipTransports.find((t) => t === scheme);
  if (transport === undefined) {
    if (plannedTransports.includes(scheme)) {
      return reading.complain(at, `${scheme}: is not served by this version.`, "Use udp: or tcp:.");
    }
    const near = nearestName(scheme, sipTransports);
    const hint = near === undefined ? "Write udp://ADDRESS:PORT or tcp://ADDRESS:PORT." : `Did you mean ${near}://?`;
    return reading.complain(at, `"${value}" is not a listening address.`, hint);
  }
  const place = hostPort(rest);
  if (place === undefined) {
    return reading.complain(
      at,
      `"${value}" is not a listening address.`,
      `Write ${transport}://ADDRESS:PORT, port 0 to 65535.`,
    );
  }
  return { transport, ...place };
};

/** `http://127.0.0.1:8081`. */
export const httpAddress: Reader<HttpAddress> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  const [scheme, rest] = splitScheme(value);
  if (scheme === "https") {
    return reading.complain(
      at,
      "https: is not served by this version.",
      "Use http: and put a TLS proxy in front of it.",
    );
  }
  const place = scheme === "http" ? hostPort(rest.endsWith("/") ? rest.slice(0, -1) : rest) : undefined;
  if (place === undefined) {
    return reading.complain(at, `"${value}" is not an HTTP listening address.`, "Write http://ADDRESS:PORT.");
  }
  return place;
};

/** Base URL of another part: `http://127.0.0.1:8081`, also https; without a path. Gives it without the last slash. */
export function baseUrl(...schemes: string[]): Reader<string> {
  return (at, reading) => {
    const value = text(at, reading);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !schemes.includes(url.protocol.slice(0, -1)) || url.hostname === "") {
      return reading.complain(
        at,
        `"${withoutCredentials(value)}" is not a URL.`,
        `Write ${schemes[0] ?? "http"}://ADDRESS:PORT.`,
      );
    }
    return value.endsWith("/") ? value.slice(0, -1) : value;
  };
}

/** `sip:127.0.0.1:5070;transport=tcp`. */
export const sipUri: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  if (sipUriPlace(value) === undefined) {
    return reading.complain(
      at,
      `"${withoutCredentials(value)}" is not a SIP URI.`,
      "Write sip:ADDRESS:PORT;transport=tcp.",
    );
  }
  return value;
};

/** Host and port (default 5060) of a SIP URI; undefined where it is none. */
export function sipUriPlace(uri: string): HostPort | undefined {
  const colon = uri.indexOf(":");
  const scheme = uri.slice(0, Math.max(0, colon)).toLowerCase();
  if (scheme !== "sip" && scheme !== "sips") return undefined;
  if (uri.includes(" ") || uri.includes("<") || uri.includes(">")) return undefined;
  const body = uri.slice(colon + 1);
  const afterUser = body.slice(body.indexOf("@") + 1);
  const end = afterUser.search(/[;?]/);
  const place = end < 0 ? afterUser : afterUser.slice(0, end);
  const direct = hostPort(place);
  if (direct !== undefined) return direct;
  const bare = place.startsWith("[") && place.endsWith("]") ? place.slice(1, -1) : place;
  return soundHost(bare) ? { host: bare, port: 5060 } : undefined;
}

/** An IP address, without a port. */
export const ipAddress: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined || isIP(value) !== 0) return value;
  return reading.complain(at, `"${value}" is not an IP address.`);
};

/** An IP address or a network as 10.0.0.0/8. */
export const peerAddress: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  const slash = value.indexOf("/");
  const family = isIP(slash < 0 ? value : value.slice(0, slash));
  const bits = slash < 0 ? 0 : Number(value.slice(slash + 1) || "-1");
  if (family !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128)) return value;
  return reading.complain(at, `"${value}" is neither an IP address nor a network.`, "Write 10.1.2.3 or 10.1.0.0/16.");
};

/** `10000-24999`: the ports that RTP may use, at least 8, RTP on the even ones. */
export const portRange: Reader<{ min: number; max: number }> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  const dash = value.indexOf("-");
  const min = dash <= 0 ? Number.NaN : Number(value.slice(0, dash));
  const max = dash <= 0 ? Number.NaN : Number(value.slice(dash + 1) || "x");
  if (!Number.isInteger(min) || !Number.isInteger(max)) {
    return reading.complain(at, `"${value}" is not a range of ports.`, "Write FIRST-LAST, such as 10000-24999.");
  }
  if (min < 1024 || max > 65535) return reading.complain(at, `the ports must be from 1024 to 65535, not ${value}.`);
  if (min > max) {
    return reading.complain(at, `${value} begins above its end.`, `Write the lower one first: ${max}-${min}.`);
  }
  if (max - min + 1 < 8)
    return reading.complain(at, `${value} has fewer than the 8 ports that one recorded call takes.`);
  return { min, max };
};

const sqlite = "sqlite:";

/**
 * `sqlite:PATH` as `sqliteFile` reads it, or `postgres://USER@HOST:PORT/DATABASE`, whose password may be in it, beside it, or all of it
 * elsewhere: `{ env: NAME }`, `{ file: PATH }`.
 */
export const databasePlace: Reader<string> = (at, reading) => {
  const node = reading.resolve(at);
  const value = isMap(node) ? secret(at, reading) : text(at, reading);
  if (value === undefined) return undefined;
  if (!value.startsWith("postgres:") && !value.startsWith("postgresql:")) {
    return isMap(node) && !value.startsWith(sqlite)
      ? reading.complain(at, "is not a database.", 'Write "sqlite:./data/NAME.sqlite" or "postgres://..." there.')
      : sqlitePath(value, at, reading);
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || url.pathname.length < 2 || (url.hostname === "" && !url.searchParams.has("host"))) {
    return reading.complain(
      at,
      "is not the address of a PostgreSQL database.",
      'Write "postgres://USER@HOST:5432/DATABASE", or "postgres://USER@localhost/DATABASE?host=/run/postgresql" for a socket.',
    );
  }
  if (isMap(node) || url.password === "") return value;
  const written = decoded(url.password);
  const password = unmasked(written, at, reading);
  if (password === undefined) return undefined;
  reading.secrets.push({ path: at.path, value: password });
  if (password === written) return value;
  url.password = encodeURIComponent(password);
  return url.href;
};

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

/** `sqlite:./data/x.sqlite`; gives the absolute path of the file, or `:memory:`. */
export const sqliteFile: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  if (value.startsWith("postgres:") || value.startsWith("postgresql:")) {
    return reading.complain(at, "PostgreSQL is for the recorder's index only.", 'Write "sqlite:./data/NAME.sqlite".');
  }
  return sqlitePath(value, at, reading);
};

function sqlitePath(value: string, at: At, reading: Reading): string | undefined {
  const path = value.startsWith(sqlite) ? value.slice(sqlite.length) : "";
  if (path === "")
    return reading.complain(
      at,
      `"${withoutCredentials(value)}" is not a database.`,
      'Write "sqlite:./data/NAME.sqlite".',
    );
  return path === ":memory:" ? path : resolve(reading.around.folder, path);
}

function splitScheme(value: string): [string, string] {
  const at = value.indexOf("://");
  return at < 0 ? ["", value] : [value.slice(0, at).toLowerCase(), value.slice(at + 3)];
}

/** Reads with `read`, then lets `change` make something else of it. */
export function mapped<A, B>(
  read: Reader<A>,
  change: (value: A, at: At, reading: Reading) => B | undefined,
): Reader<B> {
  return (at, reading) => {
    const value = read(at, reading);
    return value === undefined ? undefined : change(value, at, reading);
  };
}
