import { serveObjects } from "@sidetone/worker-calls";
import { ConfigReader } from "./config-reader.ts";

// The thread that reads a configuration for the console's page: a large one takes seconds. Started by `readingThread`.
serveObjects((file: string) => ({ reader: new ConfigReader(file) }));
