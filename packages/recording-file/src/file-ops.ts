import fs from "node:fs";

/** The file system calls of the writer; injected so that tests make the n-th of them fail. */
export type FileOps = Pick<
  typeof fs,
  | "mkdirSync"
  | "openSync"
  | "writeSync"
  | "closeSync"
  | "fsyncSync"
  | "fstatSync"
  | "ftruncateSync"
  | "readFileSync"
  | "readdirSync"
  | "rmSync"
  | "existsSync"
> & {
  /** Room on the disk under a path, in blocks. */
  statfsSync(path: string): Pick<fs.StatsFs, "blocks" | "bavail" | "bsize">;
};

export const systemFiles: FileOps = fs;
