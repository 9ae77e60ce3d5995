// @vitest-environment node
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createRouterTransport } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';

import { fromMs } from '../format';
import { apiOver } from '../wire/api';
import { HistoryService, Side, TradeSchema, TradeStatus, type Trade } from '../wire/proto';
import { csvName, loadCsv } from './csv';
import { filtered, multiplesOf, pageOf, pressed, readLogFilters, readSorting, sorted } from './log';
import { rangeWords, readRange } from './range';
import { loadTrades } from './trades';

const query = (text: string) => new URLSearchParams(text);

function trade(id: string, init: MessageInitShape<typeof TradeSchema> = {}): Trade {
  const entryTime = { $typeName: 'google.protobuf.Timestamp' as const, ...fromMs(Number(id) * 1000) };
  return create(TradeSchema, {
    id,
    symbol: 'NVDA',
    side: Side.LONG,
    status: TradeStatus.CLOSED,
    entryTime,
    ...init,
  });
}

const TRADES = [
  trade('1', { netPnl: '-200.5', rMultiple: '-1', exitReason: 'stop', symbol: 'AMD', fees: '1' }),
  trade('2', { netPnl: '1000', rMultiple: '2', exitReason: 'target', side: Side.SHORT, fees: '3' }),
  trade('3', { status: TradeStatus.OPEN, symbol: 'AMZN', fees: '0' }),
  trade('4', { netPnl: '99.999999', rMultiple: '0.5', exitReason: 'stop', fees: '2' }),
];
const QUESTION = { dateFrom: '', dateTo: '', strategies: [] };

describe('the range', () => {
  it('is 30 days up to the session unless the address says otherwise', () => {
    expect(readRange(query(''), '2026-03-02')).toEqual({
      preset: '30',
      from: '2026-02-01',
      to: '2026-03-02',
    });
    expect(readRange(query('range=1'), '2026-03-02')).toMatchObject({ from: '2026-03-02', to: '2026-03-02' });
    expect(readRange(query('range=all'), '2026-03-02')).toEqual({ preset: 'all', from: '', to: '' });
    expect(readRange(query('range=forever'), '2026-03-02').preset).toBe('30');
  });

  it('follows given dates before a preset, and ignores those that do not exist', () => {
    expect(readRange(query('range=7&from=2026-01-05'), '2026-03-02')).toEqual({
      preset: undefined,
      from: '2026-01-05',
      to: '',
    });
    expect(readRange(query('from=2026-02-31'), '2026-03-02').preset).toBe('30');
  });

  it('is named in words', () => {
    expect(rangeWords({ preset: 'all', from: '', to: '' })).toBe('all sessions');
    expect(rangeWords({ preset: undefined, from: '2026-01-05', to: '' })).toBe('from 2026-01-05');
    expect(rangeWords({ preset: '1', from: '2026-01-05', to: '2026-01-05' })).toBe('2026-01-05');
  });
});

describe('the trade log', () => {
  const order = (sort: string) => sorted(TRADES, readSorting(query(`sort=${sort}`))).map(({ id }) => id);

  it('begins with the newest', () => {
    expect(order('')).toEqual(['4', '3', '2', '1']);
    expect(order('nonsense')).toEqual(['4', '3', '2', '1']);
  });

  it('sorts by the exact result, open trades last either way', () => {
    expect(order('-pnl')).toEqual(['2', '4', '1', '3']);
    expect(order('pnl')).toEqual(['1', '4', '2', '3']);
    expect(order('symbol')).toEqual(['1', '3', '4', '2']);
  });

  it('turns the order of a head that is pressed again', () => {
    expect(pressed(readSorting(query('')), 'pnl')).toBe('-pnl');
    expect(pressed(readSorting(query('sort=-pnl')), 'pnl')).toBe('pnl');
    expect(pressed(readSorting(query('')), 'symbol')).toBe('symbol');
  });

  it('is filtered by the beginning of a ticker, side, exit and result', () => {
    const pass = (text: string) => filtered(TRADES, readLogFilters(query(text))).map(({ id }) => id);
    expect(pass('symbol=am')).toEqual(['1', '3']);
    expect(pass('side=short')).toEqual(['2']);
    expect(pass('exit=stop')).toEqual(['1', '4']);
    expect(pass('exit=open')).toEqual(['3']);
    expect(pass('result=win')).toEqual(['2', '4']);
    expect(pass('result=loss&exit=target')).toEqual([]);
  });

  it('stays within its pages', () => {
    expect(pageOf(query('page=3'), 101)).toEqual({ page: 3, pages: 3 });
    expect(pageOf(query('page=9'), 101)).toEqual({ page: 3, pages: 3 });
    expect(pageOf(query('page=-1'), 0)).toEqual({ page: 1, pages: 1 });
    expect(pageOf(query('page=x'), 51)).toEqual({ page: 1, pages: 2 });
  });

  it('gives the distribution the closed trades alone', () => {
    expect(multiplesOf(TRADES)).toEqual(['-1', '2', '0.5']);
  });
});

describe('what is asked of the daemon', () => {
  it('takes all pages of the trades of a range', async () => {
    const asked: string[] = [];
    const api = apiOver(
      createRouterTransport(({ service }) =>
        service(HistoryService, {
          listTrades: ({ pageToken }) => {
            asked.push(pageToken);
            return pageToken === '' ? { trades: TRADES, nextPageToken: 'more' } : { trades: [trade('9')] };
          },
        }),
      ),
    );
    const list = await loadTrades(api, QUESTION, new AbortController().signal);
    expect(asked).toEqual(['', 'more']);
    expect(list.trades).toHaveLength(5);
    expect(list.isWhole).toBe(true);
  });

  it('says so when there are more trades than it takes', async () => {
    const transport = createRouterTransport(({ service }) =>
      service(HistoryService, { listTrades: () => ({ trades: [trade('1')], nextPageToken: 'more' }) }),
    );
    const list = await loadTrades(apiOver(transport), QUESTION, new AbortController().signal);
    expect(list).toMatchObject({ isWhole: false });
    expect(list.trades).toHaveLength(20);
  });

  const exporting = (...sequences: bigint[]) =>
    apiOver(
      createRouterTransport(({ service }) =>
        service(HistoryService, {
          // eslint-disable-next-line @typescript-eslint/require-await
          async *exportTrades() {
            for (const sequence of sequences)
              yield { sequence, data: new TextEncoder().encode(`row ${sequence}\n`) };
          },
        }),
      ),
    );

  it('joins the pieces of the file in their order', async () => {
    const file = await loadCsv(exporting(1n, 2n), QUESTION);
    expect(file.size).toBe(12);
  });

  it('makes no file of which a piece is missing', async () => {
    await expect(loadCsv(exporting(1n, 3n), QUESTION)).rejects.toThrow('piece 2');
  });

  it('names the file by ledger and range', () => {
    expect(csvName('SIM DEMO-1', '2026-02-01 to 2026-03-02')).toBe(
      'orb-trades-SIM-DEMO-1-2026-02-01-to-2026-03-02.csv',
    );
  });
});
