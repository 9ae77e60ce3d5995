import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { LogEntrySchema, type LogEntry } from '../wire/proto';
import { gapsByLine, gapWords } from './GapNote';
import { fill, firstAfter, follow, LINES_MAX, NO_LINES } from './lines';

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

  it('begin anew where the records are others', () => {
    const known = follow(NO_LINES, lines(5, 8));
    const next = follow(known, lines(1, 3));
    expect(ids(next.entries)).toEqual([1, 2, 3]);
    expect(next.row).not.toBe(known.row);
  });

  it('never join in silence where some are missing', () => {
    const known = follow(NO_LINES, lines(5, 8));
    // A reconnection that has missed more than the stream begins with.
    const next = follow(known, [...lines(5, 8), ...lines(1012, 1014)]);
    expect(ids(next.entries)).toEqual([5, 6, 7, 8, 1012, 1013, 1014]);
    expect(next.gaps).toEqual([{ after: 8n, before: 1012n }]);
    expect(next.row).toBe(known.row);
    // A tab that comes later hears of the gap too.
    expect(follow(NO_LINES, [...lines(5, 8), ...lines(1012, 1014)]).gaps).toEqual(next.gaps);
    expect(gapWords({ after: 8n, before: 1012n })).toContain('1,003 lines are missing');
  });

  it('take in what was missing, in its place, also when not all of it came', () => {
    const known = follow(NO_LINES, [...lines(5, 8), ...lines(12, 14)]);
    const [gap] = known.gaps;
    if (gap === undefined) throw new Error('there is no gap');
    const some = fill(known, gap, lines(10, 13), false);
    expect(ids(some.entries)).toEqual([5, 6, 7, 8, 10, 11, 12, 13, 14]);
    expect(some.gaps).toEqual([{ after: 8n, before: 10n }]);
    const [rest] = some.gaps;
    if (rest === undefined) throw new Error('nothing is left');
    const whole = fill(some, rest, lines(7, 9), true);
    expect(ids(whole.entries)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(whole.gaps).toEqual([]);
  });

  it('show a gap before the next line that passes the filter', () => {
    const gap = { after: 8n, before: 12n };
    expect([...gapsByLine([{ id: 6n }, { id: 13n }], [gap])]).toEqual([[13n, gap]]);
    expect(gapsByLine([{ id: 6n }], [gap]).size).toBe(0);
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
