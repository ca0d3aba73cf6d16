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
  const known = causeOf(error);
  if (error instanceof SidetoneError) {
    if (error.remedy === undefined && known !== undefined) {
      const { exit = 1 } = error;
      return new SidetoneError(error.code, `${role} does not start: ${error.message}`, {
        exit,
        remedy: known.remedy,
        cause: error,
      });
    }
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
  return new SidetoneError(
    known?.code ?? "start-failed",
    `${role} does not start: ${errorText(error).replace(/\.$/, "")}.`,
    {
      exit: 1,
      remedy: known?.remedy ?? "The log has the whole error.",
      cause: error,
    },
  );
}

function causeOf(error: unknown): (typeof causes)[number] | undefined {
  const text = errorText(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return causes.find((c) => c.says.some((s) => code === s || text.includes(s)));
}
