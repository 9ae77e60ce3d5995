import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';

import { WatchResponseSchema, type WatchResponse } from '../wire/proto';
import { apply, isWhole, NO_BOOKS, snapshots, type Books } from './books';

type Event = MessageInitShape<typeof WatchResponseSchema>['event'];

let sequence = 0n;

function message(event: NonNullable<Event>, streamEpoch = 'run-1'): WatchResponse {
  sequence += 1n;
  return create(WatchResponseSchema, { streamEpoch, sequence, event });
}

const position = (symbol: string, tradeId: string) => ({ strategy: 'orb', symbol, tradeId });
const after = (...messages: WatchResponse[]): Books => messages.reduce(apply, NO_BOOKS);
const symbols = (books: Books) => [...(books.positions?.values() ?? [])].map((each) => each.symbol);

test('positions are as the snapshot and the updates say', () => {
  const books = after(
    message({
      case: 'positionsSnapshot',
      value: { positions: [position('NVDA', '1'), position('AMD', '2')] },
    }),
    message({
      case: 'positionsUpdate',
      value: { changed: [position('TSLA', '3')], removed: [position('AMD', '2')] },
    }),
  );
  expect(symbols(books)).toEqual(['NVDA', 'TSLA']);
});

test('a symbol that is entered again is not taken away with its last trade', () => {
  const books = after(
    message({ case: 'positionsSnapshot', value: { positions: [position('NVDA', '2')] } }),
    message({ case: 'positionsUpdate', value: { changed: [], removed: [position('NVDA', '1')] } }),
  );
  expect(symbols(books)).toEqual(['NVDA']);
});

test('other books leave nothing of the ones before', () => {
  const books = after(
    message({ case: 'statusSnapshot', value: { status: { openPositions: 4 } } }),
    message({ case: 'positionsSnapshot', value: { positions: [position('NVDA', '1')] } }),
    message({ case: 'ledgerChanged', value: { ledger: { id: 'paper' } } }),
  );
  expect([books.ledger?.id, books.status, books.positions, books.equity]).toEqual([
    'paper',
    undefined,
    undefined,
    undefined,
  ]);
});

test('log lines that a snapshot repeats are kept once, and another run may count anew', () => {
  const lines = (...ids: bigint[]) => ({ entries: ids.map((id) => ({ id })) });
  const twice = after(
    message({ case: 'logsSnapshot', value: lines(7n, 8n) }),
    message({ case: 'logsUpdate', value: lines(9n) }),
    message({ case: 'logsSnapshot', value: lines(8n, 9n, 10n) }),
  );
  expect(twice.logs?.map((line) => line.id)).toEqual([7n, 8n, 9n, 10n]);
  const anew = apply(twice, message({ case: 'logsSnapshot', value: lines(1n, 2n) }, 'run-2'));
  expect(anew.logs?.map((line) => line.id)).toEqual([1n, 2n]);
});

test('a sequence never falls within a run', () => {
  const late = create(WatchResponseSchema, {
    streamEpoch: 'run-1',
    sequence: 1n,
    event: { case: 'logsUpdate', value: {} },
  });
  const books = after(message({ case: 'heartbeat', value: {} }));
  expect(apply(books, late).sequence).toBe(books.sequence);
});

test('snapshots bring a page that knows nothing to the same books', () => {
  const books = after(
    message({ case: 'statusSnapshot', value: { status: { ledger: { id: 'sim' }, openPositions: 1 } } }),
    message({ case: 'account', value: { equity: '100000' } }),
    message({
      case: 'positionsSnapshot',
      value: { positions: [position('NVDA', '1')], dayPnl: { net: '5' } },
    }),
    message({ case: 'fillsSnapshot', value: { fills: [{ id: 'f' }] } }),
    message({ case: 'equitySnapshot', value: { points: [{ equity: '100000' }] } }),
    message({ case: 'signalsSnapshot', value: { signals: [{ id: 's' }] } }),
  );
  expect(isWhole(books)).toBe(false);
  const whole = apply(books, message({ case: 'logsSnapshot', value: { entries: [{ id: 1n }] } }));
  expect(isWhole(whole)).toBe(true);
  expect(snapshots(whole).reduce(apply, NO_BOOKS)).toEqual(whole);
});

test('a long day is thinned, and its first and last points stay', () => {
  const point = (at: number) => ({ time: { seconds: BigInt(at), nanos: 0 } });
  const points = Array.from({ length: 4000 }, (_, at) => point(at));
  const books = after(
    message({ case: 'equitySnapshot', value: { points } }),
    message({ case: 'equityUpdate', value: { points: [point(4000)] } }),
  );
  const times = books.equity?.map((each) => each.time?.seconds) ?? [];
  expect(times.length).toBeLessThan(3100);
  expect([times[0], times.at(-1)]).toEqual([0n, 4000n]);
});
