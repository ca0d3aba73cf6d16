import { SidetoneError, errorText } from "@sidetone/foundation";

/** Codes of what a disk can do to a recording. */
export type DiskErrorCode =
  | "disk-full"
  | "disk-read-only"
  | "disk-io-error"
  | "recording-folder-gone"
  | "recording-folder-busy"
  | "sync-failed";

const CODES = new Map<string, DiskErrorCode>([
  ["ENOSPC", "disk-full"],
  ["EDQUOT", "disk-full"],
  ["EFBIG", "disk-full"],
  ["EROFS", "disk-read-only"],
  ["EACCES", "disk-read-only"],
  ["EPERM", "disk-read-only"],
  ["ENOENT", "recording-folder-gone"],
  ["ENOTDIR", "recording-folder-gone"],
]);

const REMEDIES: Record<DiskErrorCode, string> = {
  "disk-full": "Free space on the recorder's storage; recording goes on by itself when there is room.",
  "disk-read-only": "Make the recorder's storage writable for the user that runs Sidetone.",
  "disk-io-error": "Check the disk under the recorder's storage (kernel log).",
  "recording-folder-gone": "Something removed the folder of a running recording; find out what cleans up there.",
  "recording-folder-busy": "Nothing: the session before it on this folder is being closed, and the client tries again.",
  "sync-failed": "Check the disk under the recorder's storage: what was written may not survive a power cut.",
};

/** Turns what a file system call threw into an error with a stable code. HTTP 507, SIP 503: another recorder may have room. */
export function diskError(thrown: unknown, code?: DiskErrorCode): SidetoneError {
  if (thrown instanceof SidetoneError) return thrown;
  const errno = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const known = code ?? CODES.get(errno) ?? "disk-io-error";
  return new SidetoneError(known, errorText(thrown), { sip: 503, http: 507, remedy: REMEDIES[known], cause: thrown });
}
