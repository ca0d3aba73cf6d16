/** Thread of `PhoneLoad`: phones, and a door for their commands. */
import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "@sidetone/foundation";
import { type LoadOptions, LoadPhones } from "./load-phones.ts";

/** A command: a method of `LoadPhones` and what it is given. */
export interface LoadCommand {
  readonly id: number;
  readonly method: "register" | "call" | "change" | "bye" | "mute" | "states" | "arrivals" | "sentAt" | "close";
  readonly args: readonly unknown[];
}

/** The answer to a command; the first one, with id 0, says that the phones are there. */
export interface LoadReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

const phones = await LoadPhones.open(workerData as LoadOptions);
const reply = (message: LoadReply): void => parentPort?.postMessage(message);
parentPort?.on("message", ({ id, method, args }: LoadCommand) => {
  const run = phones[method] as (...given: readonly unknown[]) => unknown;
  void (async () => run.apply(phones, Array.from(args)))().then(
    (value) => {
      reply({ id, value });
      if (method === "close") parentPort?.close();
    },
    (error: unknown) => reply({ id, error: errorText(error) }),
  );
});
reply({ id: 0 });
