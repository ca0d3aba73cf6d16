import { readFileSync } from "node:fs";

/** Sockets and files that one recorded call takes when all roles share a process. */
const filesPerCall = 24;
/** Below this limit a hint is due. */
const comfortable = 4096;

/** A hint where the limit of open files is low; undefined where it is fine or unknown. @param limits text of /proc/self/limits */
export function openFilesHint(limits: string | undefined): string | undefined {
  const line = limits?.split("\n").find((l) => l.startsWith("Max open files"));
  const soft = Number(line?.slice("Max open files".length).trim().split(/\s+/, 1)[0] ?? Number.NaN);
  if (Number.isNaN(soft) || soft >= comfortable) return undefined;
  return `At most ${soft} files and sockets may be open here: that is about ${Math.floor(soft / filesPerCall)} recorded calls at once. Raise it with ulimit -n, or LimitNOFILE of systemd.`;
}

/** The kernel's limits of this process; undefined where it does not say. */
export function ownLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
}
