import type { Reader } from "../reading.ts";
import { oneOf } from "../scalars.ts";
import type { ConsoleUser } from "../types.ts";

/** Role of a person at the console. */
export const userRole: Reader<ConsoleUser["role"]> = oneOf(["administrator", "supervisor", "auditor", "agent"]);
