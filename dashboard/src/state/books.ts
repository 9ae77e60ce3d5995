import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';

import {
  WatchResponseSchema,
  type DayPnl,
  type Fill,
  type GetAccountResponse,
  type GetStatusResponse,
  type IntradayEquityPoint,
  type Ledger,
  type LogEntry,
  type Position,
  type Signal,
  type WatchResponse,
} from '../wire/proto';

/** Everything that the shared stream has told. What is absent has not come yet. */
export interface Books {
  readonly ledger: Ledger | undefined;
  /** Names the daemon's run; empty before the first message. */
  readonly epoch: string;
  readonly sequence: bigint;
  /** When the daemon sent the last message, on its wall clock. */
  readonly serverTime: Timestamp | undefined;
  /** The engine's clock at the last message that told it. */
  readonly engineTime: Timestamp | undefined;
  readonly status: GetStatusResponse | undefined;
  readonly account: GetAccountResponse | undefined;
  /** By strategy and ticker. */
  readonly positions: ReadonlyMap<string, Position> | undefined;
  readonly dayPnl: DayPnl | undefined;
  /** Oldest first. */
  readonly fills: readonly Fill[] | undefined;
  /** Oldest first. */
  readonly equity: readonly IntradayEquityPoint[] | undefined;
  /** By id, oldest first. */
  readonly signals: ReadonlyMap<string, Signal> | undefined;
  /** Oldest first. */
  readonly logs: readonly LogEntry[] | undefined;
}

/** Before the first message. */
export const NO_BOOKS: Books = {
  ledger: undefined,
  epoch: '',
  sequence: 0n,
  serverTime: undefined,
  engineTime: undefined,
  status: undefined,
  account: undefined,
  positions: undefined,
  dayPnl: undefined,
  fills: undefined,
  equity: undefined,
  signals: undefined,
  logs: undefined,
};

/** Log lines that are kept; older ones are asked for when somebody scrolls to them. */
const LOGS_MAX = 5000;
/** Points of a day's equity that are kept; beyond them every second one of the older half goes. */
const EQUITY_MAX = 4000;

/** Returns the books after a message. Books that nothing changed stay the same object. */
export function apply(books: Books, message: WatchResponse): Books {
  const isSameRun = message.streamEpoch === books.epoch;
  const heard = {
    ...books,
    epoch: message.streamEpoch,
    // Log lines have numbers of their own, so a message may repeat an earlier sequence.
    sequence: isSameRun && message.sequence < books.sequence ? books.sequence : message.sequence,
    serverTime: message.serverTime ?? books.serverTime,
  };
  const event = message.event;
  switch (event.case) {
    case undefined:
    case 'resumed':
      return heard;
    case 'heartbeat':
      return { ...heard, engineTime: event.value.engineTime ?? heard.engineTime };
    case 'ledgerChanged': {
      const { epoch, sequence, serverTime } = heard;
      return { ...NO_BOOKS, epoch, sequence, serverTime, ledger: event.value.ledger };
    }
    case 'statusSnapshot':
      return event.value.status === undefined ? heard : withStatus(heard, event.value.status);
    case 'statusUpdate':
      return withStatus(heard, event.value);
    case 'account':
      return {
        ...heard,
        account: event.value,
        dayPnl: event.value.dayPnl ?? heard.dayPnl,
        ledger: event.value.ledger ?? heard.ledger,
      };
    case 'positionsSnapshot':
    case 'positionsUpdate':
      return withPositions(heard, event);
    case 'fillsSnapshot':
      return { ...heard, fills: event.value.fills };
    case 'fillsUpdate':
      return { ...heard, fills: [...(heard.fills ?? []), ...event.value.fills] };
    case 'equitySnapshot':
      return { ...heard, equity: event.value.points };
    case 'equityUpdate':
      return { ...heard, equity: thinned([...(heard.equity ?? []), ...event.value.points]) };
    case 'signalsSnapshot':
      return { ...heard, signals: withSignals(undefined, event.value.signals) };
    case 'signalsUpdate':
      return { ...heard, signals: withSignals(heard.signals, event.value.signals) };
    case 'logsSnapshot':
      return { ...heard, logs: withLogs(heard.logs, event.value.entries, !isSameRun) };
    case 'logsUpdate':
      return { ...heard, logs: withLogs(heard.logs, event.value.entries, false) };
  }
}

/** Says whether every topic has begun, so that a broken stream may go on where it ended. */
export function isWhole(books: Books): boolean {
  const { status, positions, fills, equity, signals, logs } = books;
  return [status, positions, fills, equity, signals, logs].every((topic) => topic !== undefined);
}

/** Returns messages that bring a page that knows nothing to these books. */
export function snapshots(books: Books): WatchResponse[] {
  if (books.epoch === '') return [];
  const { ledger, dayPnl, engineTime } = books;
  const events: WatchResponse['event'][] = [
    { case: 'heartbeat', value: { $typeName: 'orb.v1.Heartbeat', ...present('engineTime', engineTime) } },
  ];
  const push = (event: EventInit) => events.push(create(WatchResponseSchema, { event }).event);
  if (books.status !== undefined) push({ case: 'statusSnapshot', value: { status: books.status } });
  if (books.account !== undefined) push({ case: 'account', value: books.account });
  const common = present('ledger', ledger);
  if (books.positions !== undefined) {
    const value = { ...common, positions: [...books.positions.values()], ...present('dayPnl', dayPnl) };
    push({ case: 'positionsSnapshot', value });
  }
  if (books.fills !== undefined)
    push({ case: 'fillsSnapshot', value: { ...common, fills: [...books.fills] } });
  if (books.equity !== undefined)
    push({ case: 'equitySnapshot', value: { ...common, points: [...books.equity] } });
  if (books.signals !== undefined) {
    push({ case: 'signalsSnapshot', value: { ...common, signals: [...books.signals.values()] } });
  }
  if (books.logs !== undefined)
    push({ case: 'logsSnapshot', value: { ...common, entries: [...books.logs] } });
  const { epoch: streamEpoch, sequence } = books;
  const ledgerId = ledger?.id ?? '';
  return events.map((event) =>
    create(WatchResponseSchema, {
      streamEpoch,
      sequence,
      ledgerId,
      ...present('serverTime', books.serverTime),
      event,
    }),
  );
}

type EventInit = NonNullable<NonNullable<Parameters<typeof create<typeof WatchResponseSchema>>[1]>['event']>;

/** An optional field of a message is left out rather than set to `undefined`. */
function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function withStatus(books: Books, status: GetStatusResponse): Books {
  return {
    ...books,
    status,
    ledger: status.ledger ?? books.ledger,
    engineTime: status.engineTime ?? books.engineTime,
  };
}

/** Names a position within its ledger. */
export function positionKey(key: { strategy: string; symbol: string }): string {
  return `${key.strategy}/${key.symbol}`;
}

type PositionsEvent = Extract<WatchResponse['event'], { case: 'positionsSnapshot' | 'positionsUpdate' }>;

function withPositions(books: Books, event: PositionsEvent): Books {
  const dayPnl = event.value.dayPnl ?? books.dayPnl;
  if (event.case === 'positionsSnapshot') {
    const positions = new Map(event.value.positions.map((each) => [positionKey(each), each]));
    return { ...books, dayPnl, positions };
  }
  const { changed, removed } = event.value;
  if (changed.length === 0 && removed.length === 0) return { ...books, dayPnl };
  const positions = new Map(books.positions);
  for (const each of removed) {
    // A symbol may be entered again in the instant in which its last trade ends.
    if (positions.get(positionKey(each))?.tradeId === each.tradeId) positions.delete(positionKey(each));
  }
  for (const each of changed) positions.set(positionKey(each), each);
  return { ...books, dayPnl, positions };
}

function withSignals(known: ReadonlyMap<string, Signal> | undefined, changed: readonly Signal[]) {
  const signals = new Map(known);
  for (const signal of changed) signals.set(signal.id, signal);
  return signals;
}

/**
 * A snapshot may repeat lines; another run of the daemon may count anew, where it keeps other records. After a long
 * silence lines are missing between those known and the snapshot's: their ids say so, and the log shows where.
 */
function withLogs(known: readonly LogEntry[] | undefined, entries: readonly LogEntry[], isNewRun: boolean) {
  const last = known?.at(-1)?.id ?? 0n;
  if (isNewRun && (entries.at(-1)?.id ?? 0n) < last) return entries.slice(-LOGS_MAX);
  const fresh = entries.filter((entry) => entry.id > last);
  return [...(known ?? []), ...fresh].slice(-LOGS_MAX);
}

function thinned(points: IntradayEquityPoint[]): IntradayEquityPoint[] {
  if (points.length <= EQUITY_MAX) return points;
  const half = points.length / 2;
  return points.filter((_, index) => index > half || index % 2 === 0);
}
