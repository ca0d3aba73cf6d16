import { after } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { needsPostgres, PostgresServer } from "@sidetone/testing";
import { indexContract, migrationContract } from "./index-contract.fixture.ts";
import { openPostgresIndex } from "./postgres-index.ts";

const skip = needsPostgres();
let running: Promise<PostgresServer> | undefined;
const server = (): Promise<PostgresServer> => (running ??= PostgresServer.start());
after(async () => (await running)?.close());
let names = 0;
const fresh = async (): Promise<string> => (await server()).createDatabase(`db${names++}`);

// One database, a storage folder for each test: they do not see each other's rows.
let shared: Promise<string> | undefined;
indexContract(
  "PostgreSQL",
  async () => openPostgresIndex({ url: await (shared ??= fresh()) }, `storage-${names++}`, { log: silentLogger }),
  skip,
);
migrationContract(
  "PostgreSQL",
  async () => {
    const url = await fresh();
    return (newest) =>
      openPostgresIndex({ url }, "one", { log: silentLogger, ...(newest === undefined ? {} : { newest }) });
  },
  skip,
);
