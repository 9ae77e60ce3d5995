/** What happened lately, in a line each. Pure. */

import { between, count, latency, price, toMs, type Instant } from '../format';
import {
  OrderSide,
  Side,
  SignalStatus,
  TradeStatus,
  type Fill,
  type Signal,
  type Trade,
} from '../wire/proto';

/** One thing that happened. */
export interface Happening {
  readonly key: string;
  readonly time: Instant;
  readonly kind: 'Signal' | 'Order' | 'Fill' | 'Exit' | 'Reject';
  readonly text: string;
  /** The result of an exit, in US dollars. */
  readonly pnl?: string | undefined;
}

const EXIT_WORDS: Partial<Record<string, string>> = {
  stop: 'stopped',
  target: 'target',
  time_exit: 'time exit',
  loss_limit: 'loss limit',
  force_close: 'closed by hand',
  flatten: 'flattened',
  unprotected: 'closed unprotected',
  data_end: 'data ended',
};

/** Returns what happened, the newest first, at most so many. */
export function happenings(
  signals: readonly Signal[],
  fills: readonly Fill[],
  trades: readonly Trade[],
  most: number,
): Happening[] {
  const entries = new Set(signals.map((signal) => signal.clientOrderId));
  const all = [
    ...signals.flatMap(ofSignal),
    ...fills.filter((fill) => entries.has(fill.clientOrderId)).map(ofEntry),
    ...trades.flatMap(ofTrade),
  ];
  return all.sort((a, b) => (toMs(b.time) ?? 0) - (toMs(a.time) ?? 0)).slice(0, most);
}

function ofSignal(signal: Signal): Happening[] {
  const { id, symbol, time, status, acknowledgedTime } = signal;
  const side = signal.side === Side.SHORT ? 'short' : 'long';
  const all: Happening[] = [];
  if (time !== undefined && status === SignalStatus.REJECTED) {
    const why = [signal.reason, signal.reasonDetail].filter(Boolean).join(', ') || 'refused';
    all.push({ key: `r ${id}`, time, kind: 'Reject', text: `${symbol} ${side}: ${why}` });
  } else if (time !== undefined) {
    const score = signal.score === undefined ? '' : `, score ${signal.score.toFixed(2)}`;
    all.push({ key: `s ${id}`, time, kind: 'Signal', text: `${symbol} ${side}${score}` });
  }
  if (acknowledgedTime !== undefined) {
    const length = between(signal.submittedTime ?? time, acknowledgedTime);
    const way = length === undefined ? '' : `, ${latency(length)}`;
    const verb = signal.side === Side.SHORT ? 'sell' : 'buy';
    const text = `${symbol} ${verb} ${count(signal.quantity)} @ ${price(signal.level)} accepted${way}`;
    all.push({ key: `o ${id}`, time: acknowledgedTime, kind: 'Order', text });
  }
  return all;
}

function ofEntry(fill: Fill): Happening {
  const verb = fill.side === OrderSide.SELL ? 'sold' : 'bought';
  const text = `${fill.symbol} ${verb} ${count(fill.quantity)} @ ${price(fill.price)}`;
  return { key: `f ${fill.id}`, time: fill.time ?? { seconds: 0n, nanos: 0 }, kind: 'Fill', text };
}

function ofTrade(trade: Trade): Happening[] {
  if (trade.status !== TradeStatus.CLOSED || trade.exitTime === undefined) return [];
  const how = EXIT_WORDS[trade.exitReason ?? ''] ?? trade.exitReason ?? 'closed';
  const text = `${trade.symbol} ${how} ${count(trade.quantity)} @ ${price(trade.exitPrice)}`;
  return [{ key: `x ${trade.id}`, time: trade.exitTime, kind: 'Exit', text, pnl: trade.netPnl }];
}
