/** What the Live page reckons from what the daemon tells. Pure. Money stays exact; shares of a scale are geometry. */

import { abs, fromMicros, sum, toGeometry, toMicros } from '../format';
import { Side, SignalStatus, type LossLimit, type Position, type Signal, type Trade } from '../wire/proto';

/** Returns the part of the loss limit that is used, 0 to 1; nothing is used while the day is up. */
export function usedShare(limit: LossLimit): number {
  const [whole, left] = [toMicros(limit.limit) ?? 0n, toMicros(limit.distance) ?? 0n];
  if (whole <= 0n || left <= 0n) return 1;
  const used = whole - left;
  return used <= 0n ? 0 : Number((used * 10_000n) / whole) / 10_000;
}

/** Returns the day's result as a part of the equity at the open; absent when that is unknown. */
export function dayReturn(net: string | undefined, openEquity: string | undefined): number | undefined {
  const [result, whole] = [toMicros(net), toMicros(openEquity)];
  if (result === undefined || whole === undefined || whole === 0n) return undefined;
  return Number((result * 1_000_000n) / whole) / 1_000_000;
}

/** Returns what the open positions lose when every stop is hit at its price; absent when one has no stop. */
export function openRisk(positions: readonly Position[]): string | undefined {
  let risk = 0n;
  for (const { entryPrice, stopPrice, quantity, side } of positions) {
    const [entry, stop] = [toMicros(entryPrice), toMicros(stopPrice)];
    if (entry === undefined || stop === undefined) return undefined;
    const each = side === Side.SHORT ? stop - entry : entry - stop;
    if (each > 0n) risk += each * quantity;
  }
  return fromMicros(risk);
}

/** Returns the day in multiples of risk: ended trades and open positions; absent without either. */
export function dayR(trades: readonly Trade[], positions: readonly Position[]): string | undefined {
  const total = sum([
    ...trades.map((trade) => trade.rMultiple),
    ...positions.map((open) => open.unrealizedR),
  ]);
  return total === undefined ? undefined : fromMicros(total);
}

/** Returns the mean R multiple of the ended trades that have one; absent without any. */
export function averageR(trades: readonly Trade[]): string | undefined {
  const all = trades.map((trade) => trade.rMultiple).filter((r) => r !== undefined);
  const total = sum(all);
  return total === undefined ? undefined : fromMicros(total / BigInt(all.length));
}

/** Returns how many ended trades have lost. */
export function losses(trades: readonly Trade[]): number {
  return trades.filter((trade) => (toMicros(trade.netPnl) ?? 0n) < 0n).length;
}

/** Returns the result of the open positions, exactly; absent where none has a mark. */
export function openPnl(positions: readonly Position[]): string | undefined {
  const total = sum(positions.map((position) => position.unrealizedPnl));
  return total === undefined ? undefined : fromMicros(total);
}

/** Says whether a signal's entry is still on its way, so that it takes a slot. */
export function isWorking({ status }: { readonly status: SignalStatus }): boolean {
  switch (status) {
    case SignalStatus.PENDING:
    case SignalStatus.SUBMITTED:
    case SignalStatus.WORKING:
    case SignalStatus.PARTIALLY_FILLED:
    case SignalStatus.UNKNOWN:
      return true;
    case SignalStatus.FILLED:
    case SignalStatus.CANCELLED:
    case SignalStatus.EXPIRED:
    case SignalStatus.REJECTED:
    case SignalStatus.UNSPECIFIED:
      return false;
  }
}

/** The scale of all rails, in multiples of the initial risk. */
export const RAIL_FROM = -1;
export const RAIL_TO = 3;

/** Where marks stand on a rail, as parts of its length; absent is what there is none of. */
export interface Rail {
  readonly entry: number;
  readonly now: number | undefined;
  readonly stop: number | undefined;
  readonly target: number | undefined;
  /** Whether the mark of now would stand outside, and on which side. */
  readonly clipped: 'low' | 'high' | undefined;
}

/** Returns the marks of a position; its signal knows the stop that it began with, which makes 1R. */
export function railOf(position: Position, signal: Signal | undefined): Rail {
  const entry = toGeometry(position.entryPrice);
  const first = toGeometry(signal?.stopPrice) ?? toGeometry(position.stopPrice);
  const risk = entry === undefined || first === undefined ? undefined : Math.abs(entry - first);
  const direction = position.side === Side.SHORT ? -1 : 1;
  const at = (price: string | undefined) => {
    const value = toGeometry(price);
    if (value === undefined || entry === undefined || risk === undefined || risk === 0) return undefined;
    return (direction * (value - entry)) / risk;
  };
  const now = toGeometry(position.unrealizedR);
  return {
    entry: place(0),
    now: now === undefined ? undefined : place(now),
    stop: inside(at(position.stopPrice)),
    target: inside(at(position.targetPrice)),
    clipped: now === undefined ? undefined : now > RAIL_TO ? 'high' : now < RAIL_FROM ? 'low' : undefined,
  };
}

function place(r: number): number {
  return Math.min(1, Math.max(0, (r - RAIL_FROM) / (RAIL_TO - RAIL_FROM)));
}

/** A level outside the scale is not drawn: at its end it would seem to be near. */
function inside(r: number | undefined): number | undefined {
  return r === undefined || r < RAIL_FROM - 0.02 || r > RAIL_TO + 0.02 ? undefined : place(r);
}

/** Returns how far the stop covers a position, as text: `240/240`. */
export function coverage(position: Position): string {
  return `${position.protectedQuantity}/${position.quantity}`;
}

/** Says whether a part of a position has no stop. */
export function isUncovered(position: Position): boolean {
  return position.protectedQuantity < position.quantity;
}

/** Returns a size without its sign, as the API writes decimals. */
export function absolute(text: string): string {
  return fromMicros(abs(toMicros(text) ?? 0n));
}
