import fs, { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileOps } from "./file-ops.ts";
import type { StartLine } from "./manifest.ts";

/** A storage for one test; removed when disposed. */
export function storage(): { root: string; [Symbol.dispose](): void } {
  const root = mkdtempSync(join(tmpdir(), "sidetone-rec-"));
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

export function startLine(id: string): StartLine {
  return {
    type: "start",
    version: 1,
    id,
    fileName: id,
    callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
    connId: undefined,
    copy: 1,
    epoch: 1,
    at: "2026-11-20T09:15:15.000000Z",
    parameters: {},
  };
}

/** Stereo frames: left counts up, right counts down. */
export function frames(from: number, count: number): Buffer {
  const b = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i++) {
    b[2 * i] = (from + i) % 251;
    b[2 * i + 1] = 250 - ((from + i) % 251);
  }
  return b;
}

/** The real file system, with calls that a test makes fail. `fail` returns the errno name for the call, or nothing. */
export function faultyFiles(fail: (call: string) => string | undefined): FileOps {
  const check = (call: string): void => {
    const code = fail(call);
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected`), { code });
  };
  return {
    ...fs,
    writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
      check("write");
      return fs.writeSync(...args);
    }) as FileOps["writeSync"],
    fsyncSync: (fd) => {
      check("fsync");
      fs.fsyncSync(fd);
    },
    openSync: (...args) => {
      check("open");
      return fs.openSync(...args);
    },
  };
}
