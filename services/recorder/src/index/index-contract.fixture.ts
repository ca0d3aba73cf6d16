import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { SidetoneError, rfc3339 } from "@sidetone/foundation";
import { inScope } from "./dn-scope.ts";
import type {
  CountedHits,
  HitBlock,
  RecordingIndex,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";

/** A row that says what is given, and is found by it. */
export function sampleRow(o: {
  id: string;
  startMicros?: number;
  durationMs?: number;
  state?: RecordingRow["document"]["state"];
  keys?: RecordingRow["keys"];
  text?: string;
}): RecordingRow {
  const { id, startMicros = 1_000_000, durationMs = 0, state = "complete", keys = [], text = id } = o;
  const document = {
    id,
    fileName: id,
    callUuid: "u",
    connId: "c",
    startTime: rfc3339(startMicros),
    endTime: rfc3339(startMicros + durationMs * 1000),
    durationMs,
    state,
    channels: [],
    codec: "pcmu" as const,
    participants: [],
    events: [],
    parameters: {},
    warnings: [],
  };
  return { document, folder: `2026/11/20/${id.replaceAll("\0", "")}`, startMicros, keys, text: text.toLowerCase() };
}

/** What the contract says of a search, without a database. */
export function searchInMemory(rows: readonly RecordingRow[], query: RecordingQuery): readonly string[] {
  const bytes = (id: string): Buffer => Buffer.from(id);
  const before = (a: { startMicros: number; id: string }, b: { startMicros: number; id: string }): number =>
    b.startMicros - a.startMicros || Buffer.compare(bytes(b.id), bytes(a.id));
  const place = (row: RecordingRow) => ({ startMicros: row.startMicros, id: row.document.id });
  const has = (row: RecordingRow, kind: string, value: string): boolean =>
    row.keys.some(([k, v]) => k === kind && v.toLowerCase() === value.toLowerCase());
  return rows
    .filter((row) => {
      const { document, startMicros } = row;
      const { fromMicros, toMicros, minDurationMs, maxDurationMs, id, state, keys, oneOf, scope, q, after } = query;
      return (
        (fromMicros === undefined || startMicros >= fromMicros) &&
        (toMicros === undefined || startMicros < toMicros) &&
        (minDurationMs === undefined || document.durationMs >= minDurationMs) &&
        (maxDurationMs === undefined || document.durationMs <= maxDurationMs) &&
        (id === undefined || document.id === id) &&
        (state === undefined || document.state === state) &&
        keys.every(([kind, value]) => has(row, kind, value)) &&
        (oneOf === undefined || oneOf.values.some((value) => has(row, oneOf.kind, value))) &&
        inScope(row, scope) &&
        (q === undefined || row.text.includes(q.toLowerCase())) &&
        (after === undefined || before(after, place(row)) < 0)
      );
    })
    .sort((a, b) => before(place(a), place(b)))
    .map((row) => row.document.id);
}

const KINDS: readonly SearchKey[] = ["dn", "ani", "param.result", "user-data.account no"];
const STATES = ["recording", "complete", "partial", "failed"] as const;
/** Few different values, so that searches find something; what databases stumble over among them. */
const VALUES = ["7001", "7002", "+15550100", "Ünï", "%", "a'b", 'x"y', "İ", "\\", "_"];
const WORDS = [
  "order 66",
  "ordér",
  "55501007001",
  "100%",
  "a_b",
  "a\\b",
  "'; --",
  'say "hi"',
  "日本語テキスト",
  "👩‍👩‍👧 end",
  "* and or not",
  "x",
];
const someStart = fc.integer({ min: 0, max: 40 }).map((n) => 1_780_000_000_000_000 + n);
const someId = fc.oneof(fc.stringMatching(/^[a-cA-C0-1_-]{1,3}$/), fc.constantFrom("é", "z", "￿", "😀", "a b", "a%"));
const someKey = fc.tuple(fc.constantFrom(...KINDS), fc.constantFrom(...VALUES));
const someRow = fc
  .record({
    id: someId,
    startMicros: someStart,
    durationMs: fc.integer({ min: 0, max: 5 }),
    state: fc.constantFrom(...STATES),
    keys: fc.array(someKey, { maxLength: 4 }),
    text: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }).map((all) => all.join("\n")),
  })
  .map(sampleRow);
const piece = fc.constantFrom(...WORDS).chain((word) =>
  fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 6 })).map(([at, n]) =>
    Array.from(word)
      .slice(at, at + n)
      .join(""),
  ),
);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
const someQuery: fc.Arbitrary<RecordingQuery> = fc
  .record({
    fromMicros: optional(someStart),
    toMicros: optional(someStart),
    minDurationMs: optional(fc.nat(5)),
    maxDurationMs: optional(fc.nat(5)),
    id: fc.option(someId, { nil: undefined, freq: 9 }),
    state: optional(fc.constantFrom(...STATES)),
    keys: fc.array(someKey, { maxLength: 2 }),
    oneOf: fc.option(
      fc.record({ kind: fc.constantFrom(...KINDS), values: fc.array(fc.constantFrom(...VALUES), { maxLength: 3 }) }),
      { nil: undefined, freq: 5 },
    ),
    scope: fc.option(fc.array(fc.constantFrom("70*", "*1", "%*", "_", "+1*0", "ü*", 'x"y'), { maxLength: 3 }), {
      nil: undefined,
      freq: 2,
    }),
    q: optional(piece.filter((text) => text !== "")),
    limit: fc.constantFrom(1, 2, 3, 100),
    after: optional(fc.record({ startMicros: someStart, id: someId })),
  })
  .map(
    (query) =>
      Object.fromEntries(Object.entries(query).filter(([, v]) => v !== undefined)) as unknown as RecordingQuery,
  );

const all: RecordingQuery = { keys: [], limit: 1000 };

async function idsOf(index: RecordingIndex, query: Partial<RecordingQuery>): Promise<string[]> {
  return (await index.search({ ...all, ...query })).rows.map((row) => row.document.id);
}

/** What holds of every index. @param open gives an empty one each time; `newest` is the version of its tables */
export function indexContract(
  database: string,
  open: (newest?: number) => Promise<RecordingIndex>,
  skip: string | false,
): void {
  const on = (name: string, run: (index: RecordingIndex) => Promise<void>): void => {
    test(name, { skip }, async () => {
      const index = await open();
      try {
        await run(index);
      } finally {
        await index.close();
      }
    });
  };

  describe(`index in ${database}`, () => {
    on("a row is what was put; putting it again changes all of it, its keys too", async (index) => {
      const first = sampleRow({
        id: "a",
        keys: [
          ["dn", "7001"],
          ["dn", "7001"],
          ["agent", "X"],
        ],
        text: "One",
      });
      await index.put(first);
      assert.deepEqual(await index.get("a"), {
        ...first,
        keys: [
          ["agent", "x"],
          ["dn", "7001"],
        ],
      });
      const second = sampleRow({
        id: "a",
        startMicros: 5,
        durationMs: 9,
        state: "partial",
        keys: [["dn", "7002"]],
        text: "Two",
      });
      await index.put(second);
      assert.deepEqual(await index.get("a"), second);
      assert.deepEqual(await idsOf(index, { keys: [["dn", "7001"]] }), []);
      assert.deepEqual(await idsOf(index, { q: "one" }), []);
      assert.deepEqual(await idsOf(index, { q: "two", keys: [["dn", "7002"]], state: "partial", minDurationMs: 9 }), [
        "a",
      ]);
      assert.equal(await index.count(), 1);
      assert.equal(await index.get("b"), undefined);
      await index.remove("a");
      assert.deepEqual(
        [await index.get("a"), await index.count(), await idsOf(index, { q: "two" })],
        [undefined, 0, []],
      );
    });

    on("many rows are one commit: all of them or none; of two with the same id the last one counts", async (index) => {
      const broken = sampleRow({ id: "b" });
      const circular: Record<string, unknown> = {};
      circular["self"] = circular;
      Object.assign(broken.document, { parameters: circular });
      await assert.rejects(index.putMany([sampleRow({ id: "a" }), broken]));
      assert.equal(await index.count(), 0);
      await index.putMany([sampleRow({ id: "a", state: "recording" }), sampleRow({ id: "a", state: "failed" })]);
      assert.deepEqual([await index.count(), (await index.get("a"))?.document.state], [1, "failed"]);
      await index.putMany([]);
      await index.putMany(Array.from({ length: 1200 }, (_, n) => sampleRow({ id: `n${n}`, keys: [["dn", `${n}`]] })));
      assert.equal(await index.count(), 1201);
      assert.deepEqual(await idsOf(index, { keys: [["dn", "1199"]] }), ["n1199"]);
    });

    on("rows that are put one after the other without waiting keep their order", async (index) => {
      const puts = Array.from({ length: 30 }, (_, n) => index.put(sampleRow({ id: "a", durationMs: n })));
      await Promise.all([...puts, index.put(sampleRow({ id: "b" })), index.remove("b")]);
      assert.deepEqual([(await index.get("a"))?.document.durationMs, await index.count()], [29, 1]);
    });

    on("folders of the recordings in a state", async (index) => {
      await index.putMany([
        sampleRow({ id: "a", state: "recording" }),
        sampleRow({ id: "b" }),
        sampleRow({ id: "c", state: "recording" }),
      ]);
      assert.deepEqual(Array.from(await index.foldersIn("recording")).sort(), ["2026/11/20/a", "2026/11/20/c"]);
    });

    on(
      "pages by cursor: what comes in meanwhile moves nothing, and nothing is shown twice or left out",
      async (index) => {
        const rows = Array.from({ length: 30 }, (_, n) =>
          sampleRow({ id: `r${n}`, startMicros: Math.floor(n / 3), text: n % 2 === 0 ? "even" : "odd" }),
        );
        await index.putMany(rows);
        for (const query of [{}, { q: "even" }] as const) {
          const seen: string[] = [];
          let after: RecordingQuery["after"];
          for (let page = 0; ; page++) {
            const found = await index.search({ ...all, ...query, limit: 4, ...(after === undefined ? {} : { after }) });
            seen.push(...found.rows.map((row) => row.document.id));
            const last = found.rows.at(-1);
            if (!found.more || last === undefined) break;
            after = { startMicros: last.startMicros, id: last.document.id };
            await index.put(sampleRow({ id: `new${page}`, startMicros: 100 + page, text: "even" }));
            await index.remove(last.document.id);
          }
          assert.deepEqual(seen, searchInMemory(rows, { ...all, ...query }));
          await index.rebuild(rows);
        }
      },
    );

    on(
      "free text stands anywhere in the text, whatever its case; nothing in it has a meaning of its own",
      async (index) => {
        await index.putMany(WORDS.map((text, n) => sampleRow({ id: `w${n}`, text })));
        for (const word of WORDS) {
          const characters = Array.from(word);
          for (const q of [
            word,
            word.toUpperCase().toLowerCase(),
            characters.slice(1).join(""),
            characters.slice(0, 2).join(""),
          ]) {
            if (q === "") continue;
            const wanted = WORDS.flatMap((text, n) =>
              text.toLowerCase().includes(q.toLowerCase()) ? [`w${n}`] : [],
            ).sort();
            assert.deepEqual((await idsOf(index, { q })).sort(), wanted, q);
          }
        }
        assert.deepEqual(await idsOf(index, { q: "ORDER" }), ["w0"]);
      },
    );

    on("what no database can hold is put and found all the same: U+0000, half a character", async (index) => {
      const row = sampleRow({ id: "a\0b", keys: [["dn", "1\0"]], text: "x\0y \ud83d z" });
      Object.assign(row.document, { parameters: { odd: "\0\ud83d" } });
      await index.put(row);
      assert.deepEqual((await index.get("a\0b"))?.document, row.document);
      assert.deepEqual(await idsOf(index, { keys: [["dn", "1\0"]], q: "x\0y \ud83d" }), ["a\0b"]);
      assert.deepEqual(await idsOf(index, { id: "a\0b" }), ["a\0b"]);
    });

    on("a value too long to be asked for is not a key, and too many are cut: the row is put", async (index) => {
      const many = Array.from({ length: 600 }, (_, n) => ["dn", `d${n}`] as const);
      await index.put(sampleRow({ id: "a", keys: [["ani", "x".repeat(5000)], ["ani", "ü".repeat(256)], ...many] }));
      assert.deepEqual(
        await idsOf(index, {
          keys: [
            ["ani", "Ü".repeat(256)],
            ["dn", "d100"],
          ],
        }),
        ["a"],
      );
      assert.deepEqual(await idsOf(index, { keys: [["dn", "d599"]] }), []);
    });

    on("a rebuild leaves what it was given, from however many batches, and says what it took out", async (index) => {
      await index.putMany([sampleRow({ id: "old", keys: [["dn", "7001"]] }), sampleRow({ id: "r7", state: "failed" })]);
      const rows = Array.from({ length: 1100 }, (_, n) => sampleRow({ id: `r${n}` }));
      assert.deepEqual(await index.rebuild(rows), { put: 1100, removed: 1 });
      assert.deepEqual(
        [await index.count(), await index.get("old"), await idsOf(index, { keys: [["dn", "7001"]] })],
        [1100, undefined, []],
      );
      assert.equal((await index.get("r7"))?.document.state, "complete");
      const broken = async function* () {
        yield sampleRow({ id: "next" });
        throw new Error("the disk went");
      };
      await assert.rejects(index.rebuild(broken()), /the disk went/);
      assert.equal(await index.count(), 1100, "broken off, it has taken nothing out");
      assert.deepEqual(await index.rebuild([]), { put: 0, removed: 1100 });
    });

    on("for any rows and any search the database finds what a filter in memory finds", async (index) => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(someRow, { maxLength: 25, selector: (row) => row.document.id }),
          fc.array(someQuery, { minLength: 6, maxLength: 6 }),
          async (rows, queries) => {
            await index.rebuild(rows);
            for (const query of queries) {
              const wanted = searchInMemory(rows, query);
              const { rows: found, more } = await index.search(query);
              assert.deepEqual(
                found.map((row) => row.document.id),
                wanted.slice(0, query.limit),
              );
              assert.equal(more, wanted.length > query.limit);
            }
          },
        ),
        { numRuns: 40 },
      );
    });

    on("the hits of any search are counted in parts; each block begins where its cursor says", async (index) => {
      const some = fc.record({ every: fc.integer({ min: 1, max: 4 }), examine: fc.integer({ min: 1, max: 7 }) });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(someRow, { maxLength: 25, selector: (row) => row.document.id }),
          fc.array(fc.tuple(someQuery, some), { minLength: 4, maxLength: 4 }),
          async (rows, queries) => {
            await index.rebuild(rows);
            for (const [query, { every, examine }] of queries) {
              const blocks: HitBlock[] = [];
              let after = query.after;
              for (let parts = 0; ; parts++) {
                const place = after === undefined ? {} : { after };
                const part: CountedHits = await index.countHits({ ...query, ...place, every, examine });
                blocks.push(...part.blocks);
                if (part.next === undefined) break;
                assert.ok(parts < 30, "every part goes on");
                after = part.next;
              }
              const found: string[] = [];
              for (const block of blocks) {
                const place = block.after === undefined ? {} : { after: block.after };
                const page = await index.search({ ...query, ...place, limit: block.size });
                assert.ok(block.size >= 1 && block.size <= every);
                found.push(...page.rows.map((row) => row.document.id));
              }
              assert.deepEqual(found, searchInMemory(rows, query));
            }
          },
        ),
        { numRuns: 30 },
      );
    });

    on("different values of a key, from where they begin", async (index) => {
      const values = ["7001", "7002", "70", "8001", "70%", "ÜX", "7"];
      await index.putMany(
        values.flatMap((value, n) =>
          [1, 2].map((copy) =>
            sampleRow({
              id: `v${n}-${copy}`,
              keys: [
                ["dn", value],
                ["param.x", "70x"],
              ],
            }),
          ),
        ),
      );
      assert.deepEqual(await index.valuesOf("dn", "70", 10), ["70", "70%", "7001", "7002"]);
      assert.deepEqual(await index.valuesOf("dn", "70", 2), ["70", "70%"]);
      assert.deepEqual(await index.valuesOf("dn", "üx", 10), ["üx"]);
      assert.deepEqual(await index.valuesOf("param.X", "", 10), ["70x"]);
      assert.deepEqual(await index.valuesOf("agent", "", 10), []);
    });

    on("a scope shows what a DN of it is a party of, whatever its patterns", async (index) => {
      await index.putMany([
        sampleRow({ id: "a", keys: [["dn", "7001"]] }),
        sampleRow({ id: "b", keys: [["dn", "7002"]] }),
        sampleRow({ id: "c", keys: [["agent", "7001"]] }),
        sampleRow({
          id: "d",
          keys: [
            ["dn", "Sales_1"],
            ["dn", "8001"],
          ],
        }),
      ]);
      for (const [scope, wanted] of [
        [["70*"], ["b", "a"]],
        [["*01"], ["d", "a"]],
        [
          ["7001", "8*"],
          ["d", "a"],
        ],
        [["sales_*"], ["d"]],
        [["sales%"], []],
        [
          ["s*_1", "*1"],
          ["d", "a"],
        ],
        [[], []],
      ] as const)
        assert.deepEqual(await idsOf(index, { scope }), wanted, scope.join());
      assert.deepEqual(await idsOf(index, { scope: ["70*"], id: "d" }), []);
      assert.deepEqual(await idsOf(index, { scope: ["70*"], keys: [["agent", "7001"]] }), []);
    });

    on("closing twice is closing once; a closed index says so", async (index) => {
      await Promise.all([index.close(), index.close()]);
      await assert.rejects(index.put(sampleRow({ id: "a" })));
      await assert.rejects(index.get("a"));
    });
  });
}

/**
 * What holds of the versions of the tables. @param open opens the same database again, as a Sidetone that knows them up to `newest`
 */
export function migrationContract(
  database: string,
  open: () => Promise<(newest?: number) => Promise<RecordingIndex>>,
  skip: string | false,
): void {
  test(`index in ${database}: a database of an older version is brought to this one with what is in it`, {
    skip,
  }, async () => {
    const again = await open();
    const old = await again(1);
    await old.put(sampleRow({ id: "a", text: "from long ago" }));
    await old.close();
    for (let n = 0; n < 2; n++) {
      const index = await again();
      assert.deepEqual(await idsOf(index, { q: "long ago" }), ["a"]);
      await index.close();
    }
  });

  test(`index in ${database}: a database of a newer version is refused, and not touched`, { skip }, async () => {
    const again = await open();
    await (await again()).close();
    await assert.rejects(again(1), (error: SidetoneError) => {
      assert.ok(error instanceof SidetoneError);
      assert.deepEqual([error.code, error.exit], ["database-newer", 1]);
      assert.match(error.message, /version 2, this one knows 1/);
      return true;
    });
    await (await again()).close();
  });
}
