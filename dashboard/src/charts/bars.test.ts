// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { type BarSource, candles, minutesCovered, minutesPerBar, rangeEnd } from './bars';

const OPEN = 1_795_185_000n;

function bar(
  minute: number,
  [open, high, low, close]: [string, string, string, string],
  volume = 100n,
): BarSource {
  return { startTime: { seconds: OPEN + BigInt(minute * 60), nanos: 0 }, open, high, low, close, volume };
}

const BARS = [
  bar(0, ['10', '10.5', '9.9', '10.2']),
  bar(1, ['10.2', '10.4', '10.1', '10.3']),
  bar(2, ['10.3', '11', '10.3', '10.9']),
  // The minute 3 had no trade.
  bar(4, ['10.9', '11.2', '10.8', '11.1']),
];

describe('bars', () => {
  it('get the smallest length that leaves each five pixels', () => {
    expect(minutesPerBar(80, 400)).toBe(1);
    expect(minutesPerBar(81, 400)).toBe(2);
    expect(minutesPerBar(390, 400)).toBe(5);
    expect(minutesPerBar(0, 0)).toBe(1);
  });

  it('cover the time from the first start to the last end, gaps included', () => {
    expect(minutesCovered(BARS)).toBe(5);
    expect(minutesCovered([])).toBe(0);
  });

  it('are joined from the first bar on, over a missing minute', () => {
    expect(candles(BARS, 2)).toEqual([
      { time: Number(OPEN), open: 10, high: 10.5, low: 9.9, close: 10.3 },
      { time: Number(OPEN) + 120, open: 10.3, high: 11, low: 10.3, close: 10.9 },
      { time: Number(OPEN) + 240, open: 10.9, high: 11.2, low: 10.8, close: 11.1 },
    ]);
  });

  it("that come out of order are left out, since a chart's time must rise", () => {
    expect(candles([bar(2, ['1', '1', '1', '1']), bar(0, ['2', '2', '2', '2'])], 1)).toHaveLength(1);
  });
});

describe('the end of the opening range', () => {
  it("is that of the bar with which levels and volume are the range's own", () => {
    expect(rangeEnd(BARS, { high: '11', low: '9.9', volume: 300n })).toBe(Number(OPEN) + 180);
    expect(rangeEnd(BARS, { high: '10.50', low: '9.9', volume: 100n })).toBe(Number(OPEN) + 60);
  });

  it('is unknown where no bar makes them so', () => {
    expect(rangeEnd(BARS, { high: '11', low: '9.9', volume: 250n })).toBeUndefined();
    expect(rangeEnd(BARS, { high: '12', low: '9.9', volume: 300n })).toBeUndefined();
    expect(rangeEnd([], { high: '11', low: '9.9', volume: 300n })).toBeUndefined();
  });
});
