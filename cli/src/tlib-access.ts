import { readFileSync } from "node:fs";
import { type ApplicationConfig, type GrantConfig, matchesPattern, type SidetoneConfig } from "@sidetone/config";
import { SidetoneError } from "@sidetone/foundation";
import { connect, type TlibClient, TlibError } from "@sidetone/tlib/client";
import { reachable } from "./api-client.ts";

/** Options of the commands that are T-Library clients. */
export interface TlibOptions {
  readonly config?: string;
  /** `ws(s)://host:port/tlib/v1` */
  readonly tlibUrl?: string;
  /** `NAME:PASSWORD`, or `NAME:@FILE` with the password in a file. */
  readonly application?: string;
}

type Right = GrantConfig["rights"][number];

/** Connects as the application that was named, else as the first of the configuration with the right on every DN. */
export async function tlibClient(
  options: TlibOptions,
  config: () => SidetoneConfig,
  need: { readonly dns: readonly string[]; readonly rights: readonly Right[] },
): Promise<TlibClient> {
  const url = options.tlibUrl ?? ownUrl(config());
  const credentials =
    options.application === undefined ? ownApplication(config(), need) : namedApplication(options.application);
  try {
    return await connect({ url, ...credentials });
  } catch (error) {
    throw connectError(error, url);
  }
}

/** What a refused request looks like at the terminal. */
export function tlibFailure(error: unknown): unknown {
  if (!(error instanceof TlibError)) return error;
  return new SidetoneError("tlib-refused", `${error.name}: ${error.message}`, { exit: 1, cause: error });
}

interface Credentials {
  readonly applicationName: string;
  readonly applicationPassword: string;
}

function ownUrl(config: SidetoneConfig): string {
  const http = config.sipServer?.http;
  if (http === undefined) {
    throw new SidetoneError("no-t-library", "The configuration has no sip-server with an http address.", {
      exit: 1,
      remedy: "Name the T-Library interface with --tlib-url ws://ADDRESS:PORT/tlib/v1.",
    });
  }
  return `ws://${reachable(http)}/tlib/v1`;
}

function ownApplication(
  config: SidetoneConfig,
  { dns, rights }: { readonly dns: readonly string[]; readonly rights: readonly Right[] },
): Credentials {
  const holds = (application: ApplicationConfig): boolean =>
    dns.every((dn) =>
      rights.every((right) =>
        application.grants.some((grant) => matchesPattern(grant.dns, dn) && grant.rights.includes(right)),
      ),
    );
  const found = Array.from(config.sipServer?.applications?.values() ?? []).find(holds);
  if (found === undefined) {
    throw new SidetoneError(
      "no-application",
      `No application of the configuration has the rights ${rights.join(" and ")} on ${dns.join(", ")}.`,
      { exit: 1, remedy: "Grant them in sip-server.applications, or name one with --application NAME:PASSWORD." },
    );
  }
  return { applicationName: found.name, applicationPassword: found.password };
}

function namedApplication(text: string): Credentials {
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new SidetoneError("bad-option", `--application ${text} has no password.`, {
      exit: 1,
      remedy: "Write --application NAME:PASSWORD, or NAME:@FILE with the password in a file.",
    });
  }
  const password = text.slice(colon + 1);
  return {
    applicationName: text.slice(0, colon),
    applicationPassword: password.startsWith("@") ? readFileSync(password.slice(1), "utf8").trimEnd() : password,
  };
}

function connectError(error: unknown, url: string): unknown {
  if (!(error instanceof TlibError)) return error;
  if (error.name === "AuthenticationFailed") {
    return new SidetoneError("tlib-refused", `${url} does not know this application or its password.`, {
      exit: 1,
      remedy: "Compare with sip-server.applications in the configuration that SIP Server runs with.",
      cause: error,
    });
  }
  return new SidetoneError("not-running", `${url} does not answer: ${error.message}.`, {
    exit: 1,
    remedy: "Start the system with sidetone start, or name another address with --tlib-url.",
    cause: error,
  });
}
