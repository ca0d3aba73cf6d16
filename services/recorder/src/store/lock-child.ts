import { lockStorage } from "./storage-lock.ts";

// For the test of the lock: holds a storage until it is killed.
process.on("exit", lockStorage(process.argv[2] ?? ""));
process.stdout.write("locked\n");
process.stdin.resume();
