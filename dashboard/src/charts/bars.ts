/** Bars of a session: joined to the length that the width allows, with the opening range in them. Pure. */

import { type Instant, toGeometry, toMicros } from '../format';

/** Prices of a stretch of time, as the API sends them. */
export interface BarSource {
  readonly startTime?: Instant | undefined;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: bigint;
}

/** One candle: whole seconds since 1970 in UTC, prices for geometry. */
export interface Candle {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

const LENGTHS_IN_MINUTES = [1, 2, 5] as const;
const PIXELS_PER_BAR = 5;
const SECONDS_PER_MINUTE = 60;

/** Returns the smallest length in minutes that leaves each bar five pixels. */
export function minutesPerBar(minutes: number, widthPx: number): number {
  const fits = LENGTHS_IN_MINUTES.find((length) => (minutes / length) * PIXELS_PER_BAR <= widthPx);
  return fits ?? LENGTHS_IN_MINUTES[LENGTHS_IN_MINUTES.length - 1] ?? 1;
}

/** Returns the minutes from the first bar's start to the last one's end. */
export function minutesCovered(bars: readonly BarSource[]): number {
  const [first, last] = [bars[0]?.startTime, bars.at(-1)?.startTime];
  if (first === undefined || last === undefined) return 0;
  return Number(last.seconds - first.seconds) / SECONDS_PER_MINUTE + 1;
}

/** Joins bars of a minute into candles of some minutes, counted from the first bar. */
export function candles(bars: readonly BarSource[], minutes: number): Candle[] {
  const joined: Candle[] = [];
  const length = minutes * SECONDS_PER_MINUTE;
  let origin: number | undefined;
  for (const bar of bars) {
    const candle = toCandle(bar);
    if (candle === undefined) continue;
    origin ??= candle.time;
    const time = origin + Math.floor((candle.time - origin) / length) * length;
    const last = joined.at(-1);
    if (last?.time === time) joined[joined.length - 1] = merge(last, candle);
    else if (last === undefined || time > last.time) joined.push({ ...candle, time });
  }
  return joined;
}

/** The levels of an opening range with its volume, as the API sends them. */
export interface RangeSource {
  readonly high: string;
  readonly low: string;
  readonly volume: bigint;
}

/**
 * Returns when the opening range ended, in seconds since 1970: the end of the bar with which volume
 * and levels of the bars so far are the range's own. `undefined` when no bar makes them so.
 */
export function rangeEnd(bars: readonly BarSource[], range: RangeSource): number | undefined {
  const [high, low] = [toMicros(range.high), toMicros(range.low)];
  let volume = 0n;
  let [top, bottom]: [bigint | undefined, bigint | undefined] = [undefined, undefined];
  for (const bar of bars) {
    volume += bar.volume;
    top = larger(top, toMicros(bar.high));
    bottom = smaller(bottom, toMicros(bar.low));
    if (volume > range.volume) return undefined;
    if (volume === range.volume && top === high && bottom === low && bar.startTime !== undefined) {
      return Number(bar.startTime.seconds) + SECONDS_PER_MINUTE;
    }
  }
  return undefined;
}

function toCandle(bar: BarSource): Candle | undefined {
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(toGeometry);
  if (bar.startTime === undefined || open === undefined || high === undefined) return undefined;
  if (low === undefined || close === undefined) return undefined;
  return { time: Number(bar.startTime.seconds), open, high, low, close };
}

function merge(first: Candle, next: Candle): Candle {
  const [high, low] = [Math.max(first.high, next.high), Math.min(first.low, next.low)];
  return { time: first.time, open: first.open, high, low, close: next.close };
}

function larger(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  return left === undefined || (right !== undefined && right > left) ? right : left;
}

function smaller(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  return left === undefined || (right !== undefined && right < left) ? right : left;
}
