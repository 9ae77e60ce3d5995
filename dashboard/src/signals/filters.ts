/** The filters of the list of signals: they live in the address. Pure. */

import { isDate, type DateText } from '../format';
import { Side, type Signal, type SignalStatus } from '../wire/proto';
import { statusKey, statusOf } from './status';

/** Which signals are listed; what is absent does not limit. */
export interface SignalFilters {
  readonly symbol: string | undefined;
  readonly side: Side | undefined;
  readonly status: SignalStatus | undefined;
  readonly strategy: string | undefined;
  /** The first and the last session, New York dates. */
  readonly from: DateText | undefined;
  readonly to: DateText | undefined;
}

/** Reads filters out of an address; what is no filter there is as if it were absent. */
export function readFilters(query: URLSearchParams): SignalFilters {
  return {
    symbol: tickerOf(query.get('symbol')),
    side: sideOf(query.get('side')),
    status: statusOf(query.get('status') ?? ''),
    strategy: text(query.get('strategy')),
    from: dateOf(query.get('from')),
    to: dateOf(query.get('to')),
  };
}

/** Returns a ticker as the daemon knows it; `undefined` when nothing is left of it. */
export function tickerOf(value: string | null): string | undefined {
  return text(value?.trim().toUpperCase() ?? null);
}

/** Returns the direction of a word in an address. */
export function sideOf(value: string | null): Side | undefined {
  if (value === 'long') return Side.LONG;
  return value === 'short' ? Side.SHORT : undefined;
}

/** Says whether any filter limits the list. */
export function isFiltered(filters: SignalFilters): boolean {
  return Object.values(filters).some((value) => value !== undefined);
}

/** Returns filters as a request carries them. */
export function toRequest(filters: SignalFilters) {
  const one = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);
  return {
    symbols: one(filters.symbol),
    sides: one(filters.side),
    statuses: one(filters.status),
    strategies: one(filters.strategy),
    dateFrom: filters.from ?? '',
    dateTo: filters.to ?? '',
  };
}

/** Names filters for the cache of answers. */
export function filterKey(filters: SignalFilters): string {
  const { symbol, side, status, strategy, from, to } = filters;
  const stated = status === undefined ? null : statusKey(status);
  return JSON.stringify([symbol, side, stated, strategy, from, to]);
}

/** Says whether a signal passes filters. */
export function matches(signal: Signal, filters: SignalFilters): boolean {
  const { symbol, side, status, strategy, from, to } = filters;
  if (symbol !== undefined && signal.symbol !== symbol) return false;
  if (side !== undefined && signal.side !== side) return false;
  if (status !== undefined && signal.status !== status) return false;
  if (strategy !== undefined && signal.strategy !== strategy) return false;
  return (from === undefined || signal.date >= from) && (to === undefined || signal.date <= to);
}

/**
 * Returns the list as it is now: rows that were asked for, with the newer word of the stream about
 * them and with signals that came since. Newest first.
 */
export function upToDate(
  listed: readonly Signal[],
  live: readonly Signal[],
  filters: SignalFilters,
  isWhole: boolean,
): Signal[] {
  const rows = new Map(listed.map((signal) => [signal.id, signal]));
  const oldest = listed.at(-1);
  for (const signal of live) {
    const isInView = isWhole || oldest === undefined || compare(signal, oldest) <= 0;
    if (rows.has(signal.id) || isInView) rows.set(signal.id, withSent(signal, rows.get(signal.id)));
  }
  return [...rows.values()].filter((signal) => matches(signal, filters)).sort(compare);
}

/** The stream does not tell when an order was sent; the list does. */
function withSent(newer: Signal, listed: Signal | undefined): Signal {
  const { submittedTime } = listed ?? {};
  return submittedTime === undefined || newer.submittedTime !== undefined
    ? newer
    : { ...newer, submittedTime };
}

function compare(left: Signal, right: Signal): number {
  const [a, b] = [micros(left), micros(right)];
  if (a !== b) return a > b ? -1 : 1;
  return left.id < right.id ? 1 : left.id > right.id ? -1 : 0;
}

function micros(signal: Signal): bigint {
  return (signal.time?.seconds ?? 0n) * 1_000_000n + BigInt(Math.floor((signal.time?.nanos ?? 0) / 1000));
}

function text(value: string | null): string | undefined {
  return value === null || value === '' ? undefined : value;
}

function dateOf(value: string | null): DateText | undefined {
  return value !== null && isDate(value) ? value : undefined;
}
