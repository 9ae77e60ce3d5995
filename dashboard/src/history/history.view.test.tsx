import { create } from '@bufbuild/protobuf';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MetricsSchema, Side, TradeSchema, TradeStatus } from '../wire/proto';
import { Metrics } from './Metrics';
import { TradeLog } from './TradeLog';

const FIGURES = {
  trades: 20,
  wins: 12,
  losses: 8,
  sessions: 5,
  winRate: 0.6,
  grossPnl: '110',
  fees: '9.7',
  netPnl: '100.3',
  maxDrawdown: '40',
};
const TRADES = Array.from({ length: 51 }, (_, index) =>
  create(TradeSchema, {
    id: `${index}`,
    symbol: index === 50 ? 'AMD' : 'NVDA',
    side: Side.SHORT,
    status: TradeStatus.CLOSED,
    quantity: 10n,
    entryPrice: '10',
    exitPrice: '9.5',
    exitReason: 'target',
    netPnl: `${index - 25}`,
    fees: '0.1',
    entryTime: { seconds: 1_772_461_800n + BigInt(index), nanos: 0 },
  }),
);

// Drawing fifty rows in jsdom takes a second or two on a busy machine.
vi.setConfig({ testTimeout: 20_000 });
beforeEach(() => window.history.replaceState(null, '', '/history'));
afterEach(cleanup);

describe('the figures', () => {
  it('say what they rest on, and absent ones are a dash', () => {
    render(<Metrics metrics={create(MetricsSchema, FIGURES)} />);
    expect(screen.getByText('+$100.30').className).toContain('text-gain');
    expect(screen.getByText('12 won, 8 lost, n=20')).toBeTruthy();
    expect(screen.getByText('Sharpe').nextElementSibling?.textContent).toBe('–');
  });

  it('of few trades are grey, whatever their sign', () => {
    render(<Metrics metrics={create(MetricsSchema, { ...FIGURES, trades: 19 })} />);
    expect(screen.getByText('+$100.30').className).toContain('text-text-3');
    expect(document.querySelector('.text-gain, .text-loss')).toBeNull();
  });
});

describe('the log', () => {
  const rows = () => [...document.querySelectorAll('tbody tr')];
  // Looking for roles in a table of fifty rows takes seconds here; a head and a ticker are found by their words.
  const head = () => screen.getByText('P&L');

  it('sorts by its heads and keeps that in the address', async () => {
    const user = userEvent.setup();
    render(<TradeLog list={{ trades: TRADES, isWhole: true }} onOpen={vi.fn()} />);
    expect(rows()).toHaveLength(50);
    await user.click(head());
    expect(window.location.search).toBe('?sort=-pnl');
    expect(rows()[0]?.textContent).toContain('+$25.00');
    await user.click(head());
    expect(rows()[0]?.textContent).toContain('\u2212$25.00');
    expect(head().closest('th')?.getAttribute('aria-sort')).toBe('ascending');
  });

  it('goes to its second page and back to the first when it is filtered', async () => {
    const user = userEvent.setup();
    render(<TradeLog list={{ trades: TRADES, isWhole: true }} onOpen={vi.fn()} />);
    await user.click(screen.getByText('Next'));
    expect(rows()).toHaveLength(1);
    await user.type(screen.getByLabelText('Symbol'), 'amd');
    expect(rows()).toHaveLength(1);
    expect(rows()[0]?.textContent).toContain('AMD');
    expect(window.location.search).toBe('?symbol=amd');
    expect(screen.getByText('1 of 51')).toBeTruthy();
  });

  it('opens a trade once, by the pointer and by the keyboard', async () => {
    const user = userEvent.setup();
    const opened = vi.fn();
    render(<TradeLog list={{ trades: TRADES, isWhole: true }} onOpen={opened} />);
    await user.click(screen.getByText('AMD'));
    expect(opened).toHaveBeenCalledTimes(1);
    screen.getByText('AMD').focus();
    await user.keyboard('{Enter}');
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it('says why it is empty', () => {
    render(<TradeLog list={{ trades: [], isWhole: true }} onOpen={vi.fn()} />);
    expect(screen.getByText('There was no trade in this range.')).toBeTruthy();
  });
});
