// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { distribution } from './distribution';

const counted = (multiples: (string | undefined)[]) =>
  distribution(multiples).map(({ from, to, count }) => [from, to, count]);

describe('the distribution of R', () => {
  it('reaches at least from -1R to +1R in halves, edges belonging to the bin above', () => {
    expect(counted(['-1', '-0.5', '-0.0001', '0', '0.5'])).toEqual([
      ['-1', '-0.5', 1],
      ['-0.5', '0', 2],
      ['0', '0.5', 1],
      ['0.5', '1', 1],
    ]);
  });

  it('collects what is far out at the ends, which have no edge', () => {
    const bins = distribution(['-3.0001', '-900', '6', '5.9999', '40']);
    expect(bins[0]).toEqual({ from: undefined, to: '-3', count: 2, isLoss: true });
    expect(bins.at(-1)).toEqual({ from: '6', to: undefined, count: 2, isLoss: false });
    expect(bins.reduce((total, bin) => total + bin.count, 0)).toBe(5);
  });

  it('leaves out trades without a risk, and is empty when none has one', () => {
    expect(counted([undefined])).toEqual([]);
    expect(distribution([undefined, '1']).reduce((total, bin) => total + bin.count, 0)).toBe(1);
  });
});
