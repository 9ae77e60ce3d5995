/** What a chart of one symbol shows beside its bars, as shapes. Pure. */

import { type Instant, toGeometry, toMs } from '../format';
import { type Candle, rangeEnd, type BarSource, type RangeSource } from './bars';
import type { Box, DottedLevel, OverlayShapes } from './overlay';

/** One execution. */
export interface FillMark {
  readonly time: Instant;
  readonly isBuy: boolean;
  /** US dollars per share. */
  readonly price: string;
}

/** What is known of a trade, an order or a signal in a symbol. Absent is what there is none of. */
export interface TradeLevels {
  readonly side?: 'long' | 'short' | undefined;
  readonly entryPrice?: string | undefined;
  readonly entryTime?: Instant | undefined;
  readonly stopPrice?: string | undefined;
  readonly targetPrice?: string | undefined;
  /** Where the position is marked; the price of the exit when it has ended. Absent: the last close. */
  readonly lastPrice?: string | undefined;
  /** Absent while it is open. */
  readonly exitTime?: Instant | undefined;
  readonly range?: RangeSource | undefined;
  /** When the opening range ends. Absent: found from the bars. */
  readonly rangeEnd?: Instant | undefined;
  readonly fills?: readonly FillMark[] | undefined;
}

/** Colours of the shapes. */
export interface ShapeColors {
  readonly range: string;
  readonly rangeLine: string;
  readonly gain: string;
  readonly loss: string;
}

/** Returns the time of the candle that holds an instant: the last that begins at or before it, else the first. */
export function candleAt(candles: readonly Candle[], seconds: number): number | undefined {
  return (candles.findLast((candle) => candle.time <= seconds) ?? candles[0])?.time;
}

/** Returns the prices that must stay in view. */
export function pricesInView(levels: TradeLevels): number[] {
  const { entryPrice, stopPrice, targetPrice, range } = levels;
  return [entryPrice, stopPrice, targetPrice, range?.high, range?.low]
    .map(toGeometry)
    .filter((price) => price !== undefined);
}

/** Returns the opening range and the way from entry to now as shapes on these candles. */
export function shapes(
  bars: readonly BarSource[],
  candles: readonly Candle[],
  levels: TradeLevels,
  colors: ShapeColors,
): OverlayShapes {
  const tint = entryTint(candles, levels, colors);
  const boxes = [rangeBox(bars, candles, levels, colors), tint].filter((box) => box !== undefined);
  return { boxes, levels: rangeLines(candles, levels, colors) };
}

function rangeBox(
  bars: readonly BarSource[],
  candles: readonly Candle[],
  levels: TradeLevels,
  colors: ShapeColors,
): Box | undefined {
  const { range } = levels;
  const [high, low, first] = [toGeometry(range?.high), toGeometry(range?.low), candles[0]];
  if (range === undefined || high === undefined || low === undefined || first === undefined) return undefined;
  const end = levels.rangeEnd === undefined ? rangeEnd(bars, range) : seconds(levels.rangeEnd);
  if (end === undefined) return undefined;
  return { from: first.time, to: candleAt(candles, end - 1), high, low, color: colors.range };
}

function rangeLines(candles: readonly Candle[], levels: TradeLevels, colors: ShapeColors): DottedLevel[] {
  const first = candles[0];
  const [high, low] = [toGeometry(levels.range?.high), toGeometry(levels.range?.low)];
  if (first === undefined || high === undefined || low === undefined) return [];
  const line = { from: first.time, color: colors.rangeLine };
  return [
    { ...line, price: high, name: 'ORH', isNameAbove: true },
    { ...line, price: low, name: 'ORL', isNameAbove: false },
  ];
}

function entryTint(candles: readonly Candle[], levels: TradeLevels, colors: ShapeColors): Box | undefined {
  const entry = toGeometry(levels.entryPrice);
  const last = toGeometry(levels.lastPrice) ?? candles.at(-1)?.close;
  const { entryTime, exitTime, side } = levels;
  if (entry === undefined || last === undefined || entryTime === undefined || entry === last)
    return undefined;
  const from = candleAt(candles, seconds(entryTime));
  if (from === undefined) return undefined;
  const isGain = side === 'short' ? last < entry : last > entry;
  return {
    from,
    to: exitTime === undefined ? undefined : candleAt(candles, seconds(exitTime)),
    high: Math.max(entry, last),
    low: Math.min(entry, last),
    color: isGain ? colors.gain : colors.loss,
  };
}

function seconds(instant: Instant): number {
  return Math.floor((toMs(instant) ?? 0) / 1000);
}
