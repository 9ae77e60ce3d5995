// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { axisDate, axisDay, axisInstant, axisMoney, axisPercent, axisPnl, axisPrice } from './axis';
import { equityPlot, equitySummary, startEquity } from './equity';

const DAYS = [
  { date: '2026-03-02', equity: '100100.1', netPnl: '100.1', drawdown: '0', dailyReturn: 0.001001 },
  { date: '2026-03-03', equity: '99900.1', netPnl: '-200', drawdown: '200', dailyReturn: -0.002 },
  { date: '2026-03-04', equity: '100000.1', netPnl: '100', drawdown: '100' },
];

describe('the equity curve', () => {
  it('begins a day before the first session with the equity before it', () => {
    expect(startEquity(DAYS)).toBe('100000');
    const plot = equityPlot(DAYS);
    expect(plot).toHaveLength(4);
    expect(plot[0]).toEqual({
      time: Date.UTC(2026, 2, 1) / 1000,
      equity: 100000,
      dailyReturn: undefined,
      drawdown: 0,
    });
    expect(plot[2]).toMatchObject({ dailyReturn: -0.2, drawdown: -200 });
    expect(plot[3]?.dailyReturn).toBeUndefined();
    expect(equityPlot([])).toEqual([]);
  });

  it('is summed exactly and knows its deepest session', () => {
    const summary = equitySummary(DAYS);
    expect(summary).toMatchObject({ sessions: 3, start: '100000', end: '100000.1', net: '0.1' });
    expect(summary?.deepest.date).toBe('2026-03-03');
    expect(equitySummary([])).toBeUndefined();
  });
});

describe('labels of axes', () => {
  it('are written as figures are', () => {
    expect(axisPnl(-388.75)).toBe('\u2212$389');
    expect(axisPnl(0.5)).toBe('+$0.50');
    expect(axisPnl(0)).toBe('$0.00');
    expect(axisMoney(101284.6)).toBe('$101,285');
    expect(axisPrice(182.41000000000003)).toBe('182.41');
    expect(axisPercent(-0.2)).toBe('\u22120.20%');
    expect(axisDay(Date.UTC(2026, 2, 2) / 1000)).toBe('2 Mar');
    expect(axisDate(Date.UTC(2026, 2, 2) / 1000)).toBe('2026-03-02');
    expect(axisInstant(Date.UTC(2026, 2, 2, 14, 30) / 1000)).toBe('2026-03-02 09:30:00');
  });
});
