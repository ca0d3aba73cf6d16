import type { SidetoneConfig } from "@sidetone/config";
import { nearestName } from "@sidetone/foundation";
import { type RoleContext, type RoleName, type RunningRole, roleNames, SidetoneError } from "@sidetone/foundation";

/** Starts a role. */
export type StartRole = (config: SidetoneConfig, context: RoleContext) => Promise<RunningRole>;

/** Where each role comes from: loaded when it is started, so that one role's process does not load the others. */
const loaders: Record<RoleName, () => Promise<StartRole>> = {
  "sip-server": async () => {
    const { startSipServer } = await import("@sidetone/sip-server");
    return (config, context) => startSipServer(section(config, "sip-server", config.sipServer), context, config);
  },
  "resource-manager": async () => {
    const { startResourceManager } = await import("@sidetone/resource-manager");
    return (config, context) =>
      startResourceManager(section(config, "resource-manager", config.resourceManager), context, config.file);
  },
  "media-server": async () => {
    const { startMediaServer } = await import("@sidetone/media-server");
    return (config, context) => startMediaServer(section(config, "media-server", config.mediaServer), context);
  },
  recorder: async () => {
    const { startRecorder } = await import("@sidetone/recorder");
    return (config, context) => startRecorder(section(config, "recorder", config.recorder), context);
  },
  console: async () => (await import("@sidetone/console")).startConsole,
};

function section<T>(config: SidetoneConfig, role: RoleName, found: T | undefined): T {
  if (found !== undefined) return found;
  throw new SidetoneError("no-section", `${config.file} has no section ${role}, so that role cannot run here.`, {
    exit: 1,
    remedy: `It has: ${presentRoles(config).join(", ") || "none"}.`,
  });
}

/** The order of starting: who is needed comes before who needs. Stopping goes the other way round. */
export const startOrder: readonly RoleName[] = [
  "recorder",
  "media-server",
  "resource-manager",
  "sip-server",
  "console",
];

/** Loads a role's code. */
export function loadRole(role: RoleName): Promise<StartRole> {
  return loaders[role]();
}

function presentRoles(config: SidetoneConfig): RoleName[] {
  const sections: Record<RoleName, unknown> = {
    "sip-server": config.sipServer,
    "resource-manager": config.resourceManager,
    "media-server": config.mediaServer,
    recorder: config.recorder,
    console: config.console,
  };
  return startOrder.filter((role) => sections[role] !== undefined);
}

/**
 * The roles to start, in that order: the named ones, or each one that has a section.
 * @throws SidetoneError `no-such-role`, `no-section` (exit 1).
 */
export function chooseRoles(named: readonly string[], config: SidetoneConfig): RoleName[] {
  const present = presentRoles(config);
  if (named.length === 0) return present;
  const wanted = new Set<RoleName>();
  for (const name of named) {
    const role = roleNames.find((r) => r === name);
    if (role === undefined) {
      const near = nearestName(name, roleNames);
      const hint = near === undefined ? "" : ` Did you mean ${near}?`;
      throw new SidetoneError("no-such-role", `There is no role "${name}".${hint}`, {
        exit: 1,
        remedy: `Roles: ${roleNames.join(", ")}.`,
      });
    }
    if (!present.includes(role)) section(config, role, undefined);
    wanted.add(role);
  }
  return startOrder.filter((role) => wanted.has(role));
}
