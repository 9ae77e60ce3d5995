/** The trade log: which rows, in which order, on which page; all of it lives in the address. Pure. */

import { toMicros, toMs } from '../format';
import { tickerOf, sideOf } from '../signals/filters';
import { TradeStatus, type Side, type Trade } from '../wire/proto';

/** What a log can be sorted by. */
export type Column = 'date' | 'symbol' | 'quantity' | 'exit' | 'pnl' | 'r' | 'fees' | 'held';

/** An order of rows. */
export interface Sorting {
  readonly column: Column;
  readonly isDescending: boolean;
}

/** Which trades are listed; what is absent does not limit. */
export interface LogFilters {
  readonly symbol: string | undefined;
  readonly side: Side | undefined;
  /** The code of the exit, or `open`. */
  readonly exit: string | undefined;
  readonly result: 'win' | 'loss' | undefined;
}

/** Rows on one page of the log. */
export const PAGE_ROWS = 50;

const COLUMNS: readonly Column[] = ['date', 'symbol', 'quantity', 'exit', 'pnl', 'r', 'fees', 'held'];
const NEWEST_FIRST: Sorting = { column: 'date', isDescending: true };

/** Returns the order that a column's name stands for; absent where the log is not sorted by it. */
export function sortKey(name: string): Column | undefined {
  return COLUMNS.find((column) => column === name);
}

/** Reads the order out of an address, such as `-pnl`; the newest come first unless something else is asked. */
export function readSorting(query: URLSearchParams): Sorting {
  const text = query.get('sort') ?? '';
  const column = sortKey(text.replace(/^-/, ''));
  return column === undefined ? NEWEST_FIRST : { column, isDescending: text.startsWith('-') };
}

/** Returns what stands in the address after a column's head was pressed: it turns its order, another begins with the greatest. */
export function pressed(sorting: Sorting, column: Column): string {
  const isDescending =
    sorting.column === column ? !sorting.isDescending : column !== 'symbol' && column !== 'exit';
  return `${isDescending ? '-' : ''}${column}`;
}

/** Reads the filters out of an address. */
export function readLogFilters(query: URLSearchParams): LogFilters {
  const result = query.get('result');
  const exit = query.get('exit') ?? '';
  return {
    symbol: tickerOf(query.get('symbol')),
    side: sideOf(query.get('side')),
    exit: exit === '' ? undefined : exit,
    result: result === 'win' || result === 'loss' ? result : undefined,
  };
}

/** Returns the trades that pass filters. A symbol passes when it begins as was typed. */
export function filtered(trades: readonly Trade[], filters: LogFilters): Trade[] {
  const { symbol, side, exit, result } = filters;
  return trades.filter((trade) => {
    if (symbol !== undefined && !trade.symbol.startsWith(symbol)) return false;
    if (side !== undefined && trade.side !== side) return false;
    if (exit !== undefined && (trade.exitReason ?? 'open') !== exit) return false;
    return result === undefined || resultOf(trade) === result;
  });
}

/** Returns trades in an order; where a value is absent, such as the result of an open trade, they come last either way. */
export function sorted(trades: readonly Trade[], { column, isDescending }: Sorting): Trade[] {
  const sign = isDescending ? -1 : 1;
  const keyed = trades.map((trade) => ({ trade, key: keyOf(trade, column) }));
  keyed.sort((left, right) => {
    if (left.key === undefined || right.key === undefined) {
      return left.key === right.key ? newest(left.trade, right.trade) : left.key === undefined ? 1 : -1;
    }
    if (left.key === right.key) return newest(left.trade, right.trade);
    return left.key < right.key ? -sign : sign;
  });
  return keyed.map(({ trade }) => trade);
}

/** Returns the number of pages, at least one, and the one that an address names, from 1, within them. */
export function pageOf(query: URLSearchParams, rows: number): { page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows / PAGE_ROWS));
  const asked = Number.parseInt(query.get('page') ?? '1', 10);
  return { page: Math.min(pages, Math.max(1, Number.isNaN(asked) ? 1 : asked)), pages };
}

/** Returns the R multiples of the closed trades. */
export function multiplesOf(trades: readonly Trade[]): (string | undefined)[] {
  return trades.filter((trade) => trade.status === TradeStatus.CLOSED).map((trade) => trade.rMultiple);
}

function resultOf(trade: Trade): 'win' | 'loss' | undefined {
  const net = toMicros(trade.netPnl);
  if (net === undefined || net === 0n) return undefined;
  return net > 0n ? 'win' : 'loss';
}

function keyOf(trade: Trade, column: Column): bigint | number | string | undefined {
  switch (column) {
    case 'date':
      return toMs(trade.entryTime);
    case 'symbol':
      return trade.symbol;
    case 'quantity':
      return trade.quantity;
    case 'exit':
      return trade.exitReason;
    case 'pnl':
      return toMicros(trade.netPnl);
    case 'r':
      return toMicros(trade.rMultiple);
    case 'fees':
      return toMicros(trade.fees);
    case 'held':
      return toMs(trade.duration);
  }
}

function newest(left: Trade, right: Trade): number {
  const [a, b] = [toMs(left.entryTime) ?? 0, toMs(right.entryTime) ?? 0];
  if (a !== b) return b - a;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
