import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { SidetoneConfig } from "@sidetone/config";
import { errorText, type RoleName, SidetoneError } from "@sidetone/foundation";

/** Makes the folders that the roles write into. @throws SidetoneError `folder-unavailable` (exit 1). */
export function makeFolders(config: SidetoneConfig, roles: readonly RoleName[]): void {
  for (const folder of foldersOf(config, roles)) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw new SidetoneError("folder-unavailable", `The folder ${folder} cannot be used: ${whyNot(folder, error)}.`, {
        exit: 1,
        remedy: "Make it writable for this user, or name another in the configuration.",
        cause: error,
      });
    }
  }
}

/** The reason, with the folder that stands in the way: mkdir itself names neither. */
function whyNot(folder: string, error: unknown): string {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!statSync(there).isDirectory()) return `${there} is a file`;
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch (denied) {
    const code = denied instanceof Error && "code" in denied ? denied.code : undefined;
    return code === "EROFS" ? `${there} is on a read-only disk` : `${there} is not writable`;
  }
  return errorText(error);
}

function foldersOf(config: SidetoneConfig, roles: readonly RoleName[]): Set<string> {
  const folders = new Set<string>();
  const ofFile = (file: string | undefined): void => {
    if (file !== undefined && file !== ":memory:") folders.add(dirname(file));
  };
  for (const role of roles) {
    if (role === "sip-server") ofFile(config.sipServer?.storage);
    if (role === "console") ofFile(config.console?.storage);
    if (role === "recorder" && config.recorder !== undefined) {
      folders.add(config.recorder.storage.directory);
      ofFile(config.recorder.storage.database);
    }
  }
  ofFile(roles.includes("sip-server") ? config.sipServer?.sipJournal : undefined);
  ofFile(roles.includes("resource-manager") ? config.resourceManager?.sipJournal : undefined);
  ofFile(roles.includes("media-server") ? config.mediaServer?.sipJournal : undefined);
  ofFile(roles.includes("recorder") ? config.recorder?.sipJournal : undefined);
  return folders;
}
