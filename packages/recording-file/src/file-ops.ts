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
  | "readFileSync"
  | "readdirSync"
  | "rmSync"
  | "existsSync"
>;

export const systemFiles: FileOps = fs;
