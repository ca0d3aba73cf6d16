import { run } from "./run.ts";

// The process ends by itself only where nothing is left open; a role that leaks must not keep it alive.
process.exit(
  await run(process.argv.slice(2), {
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
  }),
);
