import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bounded, drawn, lastTop, scale, scrollHeight, tallest, topToSee } from "./window-rows.ts";

const measures = fc.record({
  rows: fc.integer({ min: 0, max: 5_000_000 }),
  rowHeight: fc.constantFrom(44, 92),
  height: fc.integer({ min: 100, max: 2160 }),
});

test("however many rows: what scrolls is never too tall, both ends of the bar are both ends of the list, few rows are drawn", () => {
  fc.assert(
    fc.property(measures, fc.double({ min: 0, max: 1, noNaN: true }), (m, share) => {
      assert.ok(scrollHeight(m) <= tallest);
      const end = (scrollHeight(m) - m.height) * scale(m);
      assert.ok(Math.abs(bounded(end, m) - lastTop(m)) < 1);
      const top = share * lastTop(m);
      const [first, last] = drawn(top, m);
      assert.ok(first >= 0 && last <= m.rows && last - first <= 60);
      assert.ok(first * m.rowHeight <= top && (last === m.rows || last * m.rowHeight >= top + m.height));
    }),
  );
});

test("a row is moved into sight no farther than needed", () => {
  fc.assert(
    fc.property(measures, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (m, number, share) => {
      if (m.rows === 0) return;
      const row = number % m.rows;
      const top = share * lastTop(m);
      const next = topToSee(row, top, m);
      const seen = (at: number): boolean =>
        row * m.rowHeight >= at - 1e-6 && (row + 1) * m.rowHeight <= at + m.height + 1e-6;
      assert.ok(seen(next));
      if (seen(top)) assert.ok(Math.abs(next - top) < 1e-6);
    }),
  );
});
