import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';

import {
  FillSchema,
  OrderSide,
  Side,
  SignalSchema,
  SignalStatus,
  TradeSchema,
  TradeStatus,
} from '../wire/proto';
import { happenings } from './happenings';

const at = (seconds: number, nanos = 0) => ({ seconds: BigInt(seconds), nanos });

const taken = create(SignalSchema, {
  id: 'coin',
  symbol: 'COIN',
  side: Side.LONG,
  status: SignalStatus.FILLED,
  score: 0.741,
  level: '263.4',
  quantity: 88n,
  time: at(10),
  submittedTime: at(10, 1_000_000),
  acknowledgedTime: at(10, 39_000_000),
  clientOrderId: 'o-1',
});
const refused = create(SignalSchema, {
  id: 'smci',
  symbol: 'SMCI',
  side: Side.SHORT,
  status: SignalStatus.REJECTED,
  reason: 'not_shortable',
  time: at(5),
});
const fills = [
  create(FillSchema, {
    id: '1',
    symbol: 'COIN',
    side: OrderSide.BUY,
    quantity: 88n,
    price: '263.42',
    time: at(11),
    clientOrderId: 'o-1',
  }),
  create(FillSchema, {
    id: '2',
    symbol: 'COIN',
    side: OrderSide.SELL,
    quantity: 88n,
    price: '262',
    time: at(20),
    clientOrderId: 'o-2',
  }),
];
const ended = create(TradeSchema, {
  id: 'coin',
  symbol: 'COIN',
  status: TradeStatus.CLOSED,
  quantity: 88n,
  exitPrice: '262',
  exitReason: 'stop',
  netPnl: '-124.96',
  exitTime: at(20),
});

test('what happened is told in a line each, the newest first', () => {
  const lines = happenings([taken, refused], fills, [ended], 8).map(({ kind, text, pnl }) => [
    kind,
    text,
    pnl,
  ]);
  expect(lines).toEqual([
    ['Exit', 'COIN stopped 88 @ 262.00', '-124.96'],
    ['Fill', 'COIN bought 88 @ 263.42', undefined],
    ['Order', 'COIN buy 88 @ 263.40 accepted, 38 ms', undefined],
    ['Signal', 'COIN long, score 0.74', undefined],
    ['Reject', 'SMCI short: not_shortable', undefined],
  ]);
});

test('only so many are kept', () => {
  expect(happenings([taken, refused], fills, [ended], 2).map(({ kind }) => kind)).toEqual(['Exit', 'Fill']);
});
