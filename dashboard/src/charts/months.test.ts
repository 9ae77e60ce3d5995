// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { months } from './months';

describe('the calendar of days', () => {
  it('goes from Monday to Friday, with places of other months left empty', () => {
    const [march] = months([
      { date: '2026-03-02', netPnl: '10' },
      { date: '2026-03-31', netPnl: '10' },
    ]);
    expect(march?.first).toBe('2026-03-01');
    // March 2026 begins on a Sunday, so its first week shown begins on the 2nd.
    expect(march?.weeks[0]?.map((cell) => cell?.date)).toEqual([
      '2026-03-02',
      '2026-03-03',
      '2026-03-04',
      '2026-03-05',
      '2026-03-06',
    ]);
    expect(march?.weeks.at(-1)?.map((cell) => cell?.date)).toEqual([
      '2026-03-30',
      '2026-03-31',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('has months without sessions between those with some', () => {
    const found = months([
      { date: '2025-12-31', netPnl: '1' },
      { date: '2026-02-02', netPnl: '1' },
    ]);
    expect(found.map((month) => month.first)).toEqual(['2025-12-01', '2026-01-01', '2026-02-01']);
    expect(months([])).toEqual([]);
  });

  it('keeps days without a session apart from days without a result', () => {
    const [month] = months([
      { date: '2026-03-02', netPnl: '0' },
      { date: '2026-03-03', netPnl: '-4' },
      { date: '2026-03-04', netPnl: '1' },
    ]);
    const week = month?.weeks[0] ?? [];
    expect(week.map((cell) => [cell?.netPnl, cell?.weight])).toEqual([
      ['0', 0],
      ['-4', 4],
      ['1', 1],
      [undefined, 0],
      [undefined, 0],
    ]);
  });
});
