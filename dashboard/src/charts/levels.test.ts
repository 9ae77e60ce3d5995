// @vitest-environment node
import { describe, expect, it } from 'vitest';

import { candles, type BarSource } from './bars';
import { faded } from './colors';
import { candleAt, pricesInView, shapes, type TradeLevels } from './levels';

const OPEN = 1_772_461_800;
const BARS: BarSource[] = [0, 1, 2, 3].map((minute) => ({
  startTime: { seconds: BigInt(OPEN + minute * 60), nanos: 0 },
  open: '10',
  high: minute === 0 ? '11' : '10.5',
  low: '9.5',
  close: '10.4',
  volume: 100n,
}));
const CANDLES = candles(BARS, 1);
const COLORS = { range: 'range', rangeLine: 'line', gain: 'gain', loss: 'loss' };
const RANGE = { high: '11', low: '9.5', volume: 200n };
const at = (seconds: number) => ({ seconds: BigInt(OPEN + seconds), nanos: 0 });
const drawn = (levels: TradeLevels) => shapes(BARS, CANDLES, levels, COLORS);

describe('what is drawn behind the bars', () => {
  it('has the range as a box over its own bars, and its levels from there on', () => {
    const { boxes, levels } = drawn({ range: RANGE });
    expect(boxes).toEqual([{ from: OPEN, to: OPEN + 60, high: 11, low: 9.5, color: 'range' }]);
    expect(levels.map(({ name, price }) => [name, price])).toEqual([
      ['ORH', 11],
      ['ORL', 9.5],
    ]);
  });

  it('has no box where the end of the range is unknown, but its levels', () => {
    const { boxes, levels } = drawn({ range: { ...RANGE, volume: 150n } });
    expect(boxes).toEqual([]);
    expect(levels).toHaveLength(2);
  });

  it.each([
    ['long', '10', '10.4', 'gain'],
    ['long', '10.5', '10.4', 'loss'],
    ['short', '10', '10.4', 'loss'],
    ['short', '10.5', '10.4', 'gain'],
  ] as const)('tints a %s position from %s to %s as a %s', (side, entryPrice, lastPrice, color) => {
    const { boxes } = drawn({ side, entryPrice, lastPrice, entryTime: at(130) });
    expect(boxes).toMatchObject([{ from: OPEN + 120, to: undefined, color }]);
  });

  it('ends the tint with the trade', () => {
    const { boxes } = drawn({
      side: 'long',
      entryPrice: '10',
      entryTime: at(0),
      exitTime: at(100),
      lastPrice: '9',
    });
    expect(boxes).toEqual([{ from: OPEN, to: OPEN + 60, high: 10, low: 9, color: 'loss' }]);
  });

  it('draws nothing without bars', () => {
    expect(shapes([], [], { range: RANGE, entryPrice: '10', entryTime: at(0) }, COLORS)).toEqual({
      boxes: [],
      levels: [],
    });
  });
});

describe('places on the chart', () => {
  it('are those of the bar that holds an instant, the first one before all', () => {
    expect(candleAt(CANDLES, OPEN + 119)).toBe(OPEN + 60);
    expect(candleAt(CANDLES, OPEN - 5)).toBe(OPEN);
    expect(candleAt([], OPEN)).toBeUndefined();
  });

  it('keep all levels in view', () => {
    expect(pricesInView({ entryPrice: '10', stopPrice: '9', targetPrice: undefined, range: RANGE })).toEqual([
      10, 9, 11, 9.5,
    ]);
  });

  it('fade colours of the page in both ways of writing them', () => {
    expect(faded('#58aeff', 0.1)).toBe('rgba(88, 174, 255, 0.1)');
    expect(faded('#fff', 0.5)).toBe('rgba(255, 255, 255, 0.5)');
  });
});
