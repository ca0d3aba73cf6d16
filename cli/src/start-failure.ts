import { errorText, type RoleName, SidetoneError } from "@sidetone/foundation";

/** Causes that come from the machine, by what the kernel or SQLite says. */
const causes: readonly { readonly says: readonly string[]; readonly code: string; readonly remedy: string }[] = [
  {
    says: ["EMFILE", "too many open files"],
    code: "too-many-files",
    remedy: "Raise the limit of open files: ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit.",
  },
  {
    says: ["ENOSPC", "disk is full", "disk I/O error"],
    code: "disk-full",
    remedy: "Make room on the disk of the folders that the configuration names, or name others.",
  },
  {
    says: ["not a database", "malformed"],
    code: "database-damaged",
    remedy:
      "Put the file back from a backup, or move it away: a new one is made. The recorder's is built anew from the folders.",
  },
];

/** What kept a role from starting, with the role, the option that names the address, and what to do. */
export function startFailure(role: RoleName, file: string, error: unknown): SidetoneError {
  if (error instanceof SidetoneError) {
    if (error.code !== "port-in-use" && error.code !== "address-unavailable") return error;
    const option = `${role}.${error.message.includes("http://") ? "http" : "listen"}`;
    const message = error.message.startsWith(`${role}: `) ? error.message : `${role}: ${error.message}`;
    const where = `The address is ${option} in ${file}.`;
    return new SidetoneError(error.code, message, {
      exit: error.exit ?? 1,
      remedy: error.remedy === undefined ? where : `${error.remedy} ${where}`,
      cause: error,
    });
  }
  const text = errorText(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = causes.find((c) => c.says.some((s) => code === s || text.includes(s)));
  return new SidetoneError(known?.code ?? "start-failed", `${role} does not start: ${text.replace(/\.$/, "")}.`, {
    exit: 1,
    remedy: known?.remedy ?? "The log has more with --log-level debug.",
    cause: error,
  });
}
