import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { indexContract, migrationContract } from "./index-contract.fixture.ts";
import { openSqliteIndex } from "./sqlite-index.ts";

const folder = mkdtempSync(join(tmpdir(), "sidetone-index-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

indexContract("SQLite", (newest) => openSqliteIndex(":memory:", newest), false);
migrationContract(
  "SQLite",
  async () => {
    const file = join(folder, `${files++}.sqlite`);
    return (newest) => openSqliteIndex(file, newest);
  },
  false,
);
