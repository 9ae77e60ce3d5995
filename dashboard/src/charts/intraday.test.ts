// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { drawnBefore, exitMarks, isNearLimit, pnlExtremes, pnlPoints } from './intraday';

const at = (seconds: number, nanos = 0) => ({ seconds: BigInt(seconds), nanos });

describe('points of the P&L curve', () => {
  it('add realised and unrealised exactly', () => {
    const [point] = pnlPoints([{ time: at(1), realized: '0.1', unrealized: '0.2' }]);
    expect(point).toEqual({ time: 1, pnl: '0.3', value: 0.3 });
  });

  it('keep the last of a second and drop what goes back in time or has none', () => {
    const points = pnlPoints([
      { time: at(1), realized: '1', unrealized: '0' },
      { time: at(1, 5), realized: '2', unrealized: '0' },
      { time: at(3), realized: '3', unrealized: '0' },
      { time: at(2), realized: '9', unrealized: '0' },
      { realized: '9', unrealized: '0' },
    ]);
    expect(points.map((point) => [point.time, point.pnl])).toEqual([
      [1, '2'],
      [3, '3'],
    ]);
  });

  it('have a high, a low and a last', () => {
    const points = pnlPoints(
      ['-5', '7', '1'].map((realized, index) => ({ time: at(index), realized, unrealized: '0' })),
    );
    const extremes = pnlExtremes(points);
    expect([extremes?.high.pnl, extremes?.low.pnl, extremes?.last.pnl]).toEqual(['7', '-5', '1']);
    expect(pnlExtremes([])).toBeUndefined();
  });

  it('that only go on are appended, the last one again, and others drawn anew', () => {
    const times = (...all: number[]) => all.map((time) => ({ time }));
    expect(drawnBefore(times(1, 2), times(1, 2, 3))).toBe(1);
    expect(drawnBefore(times(1, 2), times(1, 2))).toBe(1);
    expect(drawnBefore([], times(1))).toBeUndefined();
    expect(drawnBefore(times(1, 2, 3), times(1, 3))).toBeUndefined();
    expect(drawnBefore(times(1, 2), times(5, 6, 7))).toBeUndefined();
    expect(drawnBefore(times(1, 2), times(1, 3, 4))).toBeUndefined();
  });
});

describe('the loss limit', () => {
  it('is near from half of it on, and never in profit', () => {
    expect(isNearLimit('-2500', '5000')).toBe(true);
    expect(isNearLimit('-2499.99', '5000')).toBe(false);
    expect(isNearLimit('4000', '5000')).toBe(false);
    expect(isNearLimit('-4000', undefined)).toBe(false);
  });
});

describe('exits on the P&L curve', () => {
  it('stand on it, and of labels that are too close the newer stays', () => {
    const sources = Array.from({ length: 101 }, (_, second) => ({
      time: at(second),
      realized: '0',
      unrealized: '1',
    }));
    const exit = (second: number, label: string) => ({ time: at(second, 5), label });
    const marks = exitMarks(pnlPoints(sources), [exit(10, 'A'), exit(15, 'B'), exit(90, 'C')], 960);
    expect(marks.map(({ point, label }) => [point.time, label])).toEqual([
      [10, undefined],
      [15, 'B'],
      [90, 'C'],
    ]);
    expect(exitMarks([], [exit(1, 'A')], 960)).toEqual([]);
  });
});
