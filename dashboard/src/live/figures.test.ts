import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';

import { LossLimitSchema, PositionSchema, Side, SignalSchema, TradeSchema } from '../wire/proto';
import { averageR, dayR, dayReturn, losses, openRisk, railOf, usedShare } from './figures';

const limit = (distance: string) => create(LossLimitSchema, { limit: '5000', distance });
const position = (init: MessageInitShape<typeof PositionSchema>) => create(PositionSchema, init);
const trade = (rMultiple: string, netPnl: string) => create(TradeSchema, { rMultiple, netPnl });

const long = position({
  side: Side.LONG,
  quantity: 240n,
  entryPrice: '182.41',
  stopPrice: '181.66',
  unrealizedR: '2.2',
});

test('the loss limit is used by losses alone, and wholly at its end', () => {
  expect(usedShare(limit('6284.60'))).toBe(0);
  expect(usedShare(limit('2500'))).toBe(0.5);
  expect(usedShare(limit('0'))).toBe(1);
});

test('the day in percent is of the equity at the open, and absent without it', () => {
  expect(dayReturn('1284.60', '100000')).toBe(0.012846);
  expect(dayReturn('-5', '100000')).toBe(-0.00005);
  expect(dayReturn('5', undefined)).toBeUndefined();
  expect(dayReturn('5', '0')).toBeUndefined();
});

test('open risk is exact, never negative, and unknown without a stop', () => {
  expect(openRisk([long])).toBe('180');
  const short = position({ side: Side.SHORT, quantity: 130n, entryPrice: '402.18', stopPrice: '403.38' });
  expect(openRisk([long, short])).toBe('336');
  const trailed = position({ side: Side.LONG, quantity: 10n, entryPrice: '10', stopPrice: '11' });
  expect(openRisk([trailed])).toBe('0');
  expect(openRisk([long, position({ side: Side.LONG, quantity: 1n, entryPrice: '1' })])).toBeUndefined();
});

test('the day in R is ended trades and open positions, absent without either', () => {
  const ended = [trade('2', '200'), trade('-1', '-100.01')];
  expect(dayR(ended, [long])).toBe('3.2');
  expect(averageR(ended)).toBe('0.5');
  expect(losses(ended)).toBe(1);
  expect(dayR([], [])).toBeUndefined();
  expect(averageR([])).toBeUndefined();
});

test('a rail stands from minus one to plus three times the first risk', () => {
  const { entry, now, stop, clipped } = railOf(long, undefined);
  expect([entry, now, stop, clipped]).toEqual([0.25, 0.8, 0, undefined]);
  const moved = position({ ...long, stopPrice: '182.41', targetPrice: '183.91' });
  const rail = railOf(moved, create(SignalSchema, { stopPrice: '181.66' }));
  expect([rail.stop, rail.target]).toEqual([0.25, 0.75]);
});

test('a short rail is mirrored, and what stands outside is clipped', () => {
  const short = position({
    side: Side.SHORT,
    entryPrice: '100',
    stopPrice: '101',
    targetPrice: '98',
    unrealizedR: '4',
  });
  const rail = railOf(short, undefined);
  expect([rail.stop, rail.target, rail.now, rail.clipped]).toEqual([0, 0.75, 1, 'high']);
  const sunk = railOf(position({ ...short, unrealizedR: '-1.2', targetPrice: '90' }), undefined);
  expect([sunk.now, sunk.clipped, sunk.target]).toEqual([0, 'low', undefined]);
});

test('a position without mark or stop has no bar', () => {
  const bare = position({ side: Side.LONG, entryPrice: '10' });
  expect(railOf(bare, undefined)).toEqual({
    entry: 0.25,
    now: undefined,
    stop: undefined,
    target: undefined,
    clipped: undefined,
  });
});
