import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { LogEntrySchema, type LogEntry } from '../wire/proto';
import { firstAfter, follow, LINES_MAX, NO_LINES } from './lines';

function lines(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    create(LogEntrySchema, { id: BigInt(from + index) }),
  );
}

const ids = (entries: readonly LogEntry[]) => entries.map(({ id }) => Number(id));

describe('lines that are followed', () => {
  it('are each kept once, also when the stream has dropped old ones', () => {
    const first = follow(NO_LINES, lines(5, 8));
    const second = follow(first, lines(7, 10));
    expect(ids(second.entries)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(second.row).toBe(first.row);
    expect(follow(second, lines(9, 10))).toBe(second);
    expect(follow(second, [])).toBe(second);
  });

  it('begin anew where lines are missing or the records are others', () => {
    const known = follow(NO_LINES, lines(5, 8));
    for (const newest of [lines(12, 14), lines(1, 3)]) {
      const next = follow(known, newest);
      expect(ids(next.entries)).toEqual(ids(newest));
      expect(next.row).not.toBe(known.row);
    }
  });

  it('are bounded, and then older ones belong to another row', () => {
    const full = follow(NO_LINES, lines(1, LINES_MAX));
    const more = follow(full, lines(LINES_MAX - 2, LINES_MAX + 1));
    expect(more.entries).toHaveLength(LINES_MAX / 2);
    expect(more.entries.at(-1)?.id).toBe(BigInt(LINES_MAX + 1));
    expect(more.row).not.toBe(full.row);
  });

  it('are found by their ids', () => {
    expect(firstAfter(lines(3, 6), 4n)).toBe(2);
    expect(firstAfter(lines(3, 6), 2n)).toBe(0);
    expect(firstAfter(lines(3, 6), 6n)).toBe(4);
    expect(firstAfter([], 6n)).toBe(0);
  });
});
