import { useEffect, useMemo } from 'react';

import type { TradeLevels } from '../charts';
import { ABSENT, clockMs, count, filled, latency, price } from '../format';
import { useApi } from '../session/session';
import { useCall } from '../state/call';
import { useLedger } from '../state/live';
import { Chip, ErrorNote, Note, SideLabel, Skeleton, Square, Time } from '../ui';
import {
  OrderRole,
  OrderSide,
  OrderStatus,
  Side,
  SignalStatus,
  type Fill,
  type GetSignalResponse,
  type Order,
  type Signal,
  type SignalEvent,
} from '../wire/proto';
import { Chain } from './Chain';
import { DayChart } from './DayChart';
import { Explained } from './Explained';
import { capital, reasonSentence, words } from './reasons';
import { Rows, Section } from './Rows';
import { statusWord } from './status';

interface SignalDetailProps {
  readonly id: string;
  /** Changes when the stream has a newer word about the signal, so that the whole is asked for again. */
  readonly version?: string;
  /** What a trade adds to the chart: entry, exit and target as they came to be. */
  readonly trade?: TradeLevels | undefined;
}

/** Shows a signal with everything behind it: way, chart, decision, orders, fills, events. */
export function SignalDetail({ id, version = '', trade }: SignalDetailProps) {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, id]);
  const { data, error, reload } = useCall(key, (signal) => api.signals.getSignal({ id }, { signal }));
  useEffect(() => {
    if (version !== '') reload();
  }, [version, reload]);
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (data === undefined) return <Skeleton className="m-3 h-80" />;
  if (data.signal === undefined) return <Note>The daemon has no such signal.</Note>;
  return <Whole whole={data} signal={data.signal} trade={trade} />;
}

interface WholeProps {
  readonly whole: GetSignalResponse;
  readonly signal: Signal;
  readonly trade: TradeLevels | undefined;
}

function Whole({ whole, signal, trade }: WholeProps) {
  const { explanation, orders, fills, events } = whole;
  const levels = useMemo(() => ({ ...levelsOf(whole, signal), ...trade }), [whole, signal, trade]);
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
        <b className="font-semibold">{signal.symbol}</b>
        <SignalHeading signal={signal} />
        <span className="ml-auto text-text-2">
          {signal.date} <Time at={signal.time} write={clockMs} />
        </span>
        <div className="basis-full">
          <Chain signal={signal} events={events} />
        </div>
      </div>
      {signal.reason !== undefined && <Reason code={signal.reason} detail={signal.reasonDetail ?? ''} />}
      <div className="h-72 shrink-0 border-t border-line">
        <DayChart symbol={signal.symbol} date={signal.date} levels={levels} />
      </div>
      <Section title="Signal">
        <Rows
          rows={[
            ['Strategy', signal.strategy],
            ['Status', statusWord(signal.status)],
            ['Level', price(signal.level)],
            ['Stop', price(signal.stopPrice)],
            ['Target', price(signal.targetPrice)],
            ['Filled', filled(signal.filledQuantity, signal.quantity)],
            ['Fill price', price(signal.fillPrice)],
            ['Score', signal.score === undefined ? ABSENT : signal.score.toFixed(2)],
          ]}
        />
      </Section>
      {explanation === undefined ? (
        <Section title="Decision">No reckoning was recorded for this signal.</Section>
      ) : (
        <Explained explanation={explanation} />
      )}
      <Orders orders={orders} />
      <Fills fills={fills} />
      <Events events={events} />
    </>
  );
}

/** The end of a chain without a fill: a square, the code and a sentence. */
export function Reason({ code, detail }: { readonly code: string; readonly detail: string }) {
  return (
    <p className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-2">
      <Square className="size-2.5" />
      <Chip>{code}</Chip>
      <span>{reasonSentence(code)}</span>
      {detail !== '' && <span className="text-text-2">{detail}</span>}
    </p>
  );
}

function Orders({ orders }: { readonly orders: readonly Order[] }) {
  return (
    <Section title={`Orders (${orders.length})`}>
      {orders.length === 0 && <p className="text-text-2">No order was made.</p>}
      {orders.map((order) => (
        <div key={order.clientOrderId} className="border-b border-line py-1 last:border-0">
          <p className="flex flex-wrap items-baseline gap-x-3">
            <b className="font-medium">{capital(OrderRole[order.role].toLowerCase())}</b>
            <span>
              {`${order.side === OrderSide.BUY ? 'buy' : 'sell'} ${words(order.type)} ${filled(order.filledQuantity, order.quantity)}`}
              {order.price !== undefined && ` @ ${price(order.price)}`}
            </span>
            <span className="text-text-2">{words(OrderStatus[order.status].toLowerCase())}</span>
            <Time at={order.createTime} className="ml-auto text-text-2" />
          </p>
          <p
            className="truncate font-mono text-label text-text-3"
            title={`${order.clientOrderId} · ${order.brokerOrderId ?? ABSENT}`}
          >
            {order.clientOrderId} · {order.brokerOrderId ?? 'not at the broker'}
          </p>
          {order.rejectMessage !== undefined && <p className="text-text-2">{order.rejectMessage}</p>}
        </div>
      ))}
    </Section>
  );
}

function Fills({ fills }: { readonly fills: readonly Fill[] }) {
  return (
    <Section title={`Fills (${fills.length})`}>
      {fills.length === 0 && <p className="text-text-2">Nothing was filled.</p>}
      {fills.map((fill) => (
        <p key={fill.id} className="flex items-baseline gap-3">
          <Time at={fill.time} write={clockMs} className="text-text-2" />
          <span>{`${fill.side === OrderSide.BUY ? 'bought' : 'sold'} ${count(fill.quantity)} @ ${price(fill.price)}`}</span>
          <span className="ml-auto text-text-2">
            {fill.fee === undefined ? `fee ${ABSENT}` : `fee $${fill.fee}`}
          </span>
        </p>
      ))}
    </Section>
  );
}

function Events({ events }: { readonly events: readonly SignalEvent[] }) {
  return (
    <Section title="What happened">
      <ol>
        {events.map((event, index) => (
          <li key={index} className="grid grid-cols-[92px_72px_1fr] gap-3">
            <Time at={event.time} write={clockMs} className="text-text-2" />
            <span className="text-right text-text-3">
              {event.latency === undefined ? '' : `+${latency(event.latency)}`}
            </span>
            <span>
              {words(event.kind)} <span className="text-text-2">{event.detail}</span>
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function levelsOf({ explanation, fills }: GetSignalResponse, signal: Signal): TradeLevels {
  const isFilled = signal.fillPrice !== undefined;
  const [first, last] = [fills[0], fills.at(-1)];
  const isOut = isFilled && last !== undefined && last.side !== first?.side;
  const isOrdered = signal.status !== SignalStatus.REJECTED;
  return {
    side: signal.side === Side.SHORT ? 'short' : 'long',
    entryPrice: signal.fillPrice ?? (isOrdered ? signal.level : undefined),
    entryTime: first?.time,
    stopPrice: signal.stopPrice,
    targetPrice: signal.targetPrice,
    lastPrice: isOut ? last.price : undefined,
    exitTime: isOut ? last.time : undefined,
    range: explanation?.range,
    fills: fills.flatMap(({ time, side, price: at }) =>
      time === undefined ? [] : [{ time, isBuy: side === OrderSide.BUY, price: at }],
    ),
  };
}

/** What a signal is, beside its ticker. */
function SignalHeading({ signal }: { readonly signal: Signal }) {
  return (
    <>
      <SideLabel side={signal.side} />
      <span>{signal.quantity === 0n ? 'not sized' : filled(signal.filledQuantity, signal.quantity)}</span>
      <span>{statusWord(signal.status)}</span>
    </>
  );
}
