import { useMemo } from 'react';

import type { Contact } from '../wire/contact';
import { STALE_MS } from '../wire/contact';
import { listen } from '../wire/feed';
import { toMs } from '../format';
import {
  HoldKind,
  type DayPnl,
  type Fill,
  type GetAccountResponse,
  type GetStatusResponse,
  type IntradayEquityPoint,
  type Ledger,
  type LogEntry,
  type Position,
  type Signal,
} from '../wire/proto';
import { apply, NO_BOOKS, type Books } from './books';
import { createStore, usePart, useStore } from './store';

/** What the shared stream has told, and how it stands. */
export interface Live {
  readonly books: Books;
  readonly contact: Contact;
  /** When the last message came, or the listening began, on this tab's clock in milliseconds. */
  readonly heardAt: number;
}

const BEGINNING: Live = { books: NO_BOOKS, contact: { kind: 'connecting', attempt: 1 }, heardAt: 0 };

export const live = createStore<Live>(BEGINNING);
/** Whole seconds without a word from the daemon, zero while figures count as fresh. */
const silence = createStore(0);

/** Follows the stream with a token; `refused` is called when the daemon does not know it. Returns what ends it. */
export function followLive(token: string, refused: () => void): () => void {
  live.set({ ...BEGINNING, heardAt: Date.now() });
  silence.set(0);
  const timer = setInterval(measure, 250);
  const end = listen(token, {
    heard: (messages, contact, silentMs) => {
      const now = live.get();
      const heardAt = silentMs === undefined ? now.heardAt : Date.now() - silentMs;
      live.set({ books: messages.reduce(apply, now.books), contact, heardAt });
      measure();
      if (contact.kind === 'refused') refused();
    },
  });
  return () => {
    clearInterval(timer);
    end();
  };
}

function measure(): void {
  const { heardAt } = live.get();
  const ms = Date.now() - heardAt;
  silence.set(ms < STALE_MS ? 0 : Math.floor(ms / 1000));
}

/** How the daemon can be heard. */
export interface Hearing {
  readonly contact: Contact;
  /** Whole seconds of silence; zero while figures count as fresh. */
  readonly silentSeconds: number;
  /** Whether what is shown may be old: the daemon is silent, or the stream is being made again. */
  readonly isStale: boolean;
}

/** Follows how the daemon can be heard. */
export function useHearing(): Hearing {
  const contact = usePart(live, (now) => now.contact);
  const silentSeconds = useStore(silence);
  const isStale = silentSeconds > 0 || contact.kind === 'lost' || contact.kind === 'refused';
  return useMemo(() => ({ contact, silentSeconds, isStale }), [contact, silentSeconds, isStale]);
}

/** Whether figures that rest on the market's prices are old, and how old. */
export interface FigureAge {
  /** Whether the daemon is silent, or holds entries because its market data are too old. */
  readonly isOld: boolean;
  /** Whole seconds; zero while unknown. */
  readonly seconds: number;
}

/** Follows the age of what rests on the market's prices: each figure is old by the first limit that it passes. */
export function useFigureAge(): FigureAge {
  const { isStale, silentSeconds } = useHearing();
  const feedSeconds = usePart(live, ({ books }) => feedAgeWhenOld(books.status));
  const isOld = isStale || feedSeconds !== undefined;
  return { isOld, seconds: Math.max(silentSeconds, isStale ? 0 : (feedSeconds ?? 0)) };
}

/** The daemon knows the limit of its market data; past it, it holds entries. Absent while they are fresh. */
function feedAgeWhenOld(status: GetStatusResponse | undefined): number | undefined {
  const isOld = status?.holds.some((hold) => hold.kind === HoldKind.STALE_DATA) ?? false;
  return isOld ? Math.floor((toMs(status?.feed?.age) ?? 0) / 1000) : undefined;
}

/** Follows the books' ledger; absent before the first snapshot. */
export function useLedger(): Ledger | undefined {
  return usePart(live, ({ books }) => books.ledger);
}

/** Follows the status; absent before the first snapshot. */
export function useStatus(): GetStatusResponse | undefined {
  return usePart(live, ({ books }) => books.status);
}

/** Follows the account; absent before the first snapshot. */
export function useAccount(): GetAccountResponse | undefined {
  return usePart(live, ({ books }) => books.account);
}

/** Follows the session's result, the newest that any topic has told. */
export function useDayPnl(): DayPnl | undefined {
  return usePart(live, ({ books }) => books.dayPnl);
}

/** Follows the open positions, the oldest first: rows keep their places while prices move. */
export function usePositions(): readonly Position[] | undefined {
  const positions = usePart(live, ({ books }) => books.positions);
  return positions && sortedOnce(positions);
}

/** Follows the session's fills, the oldest first. */
export function useFills(): readonly Fill[] | undefined {
  return usePart(live, ({ books }) => books.fills);
}

/** Follows the session's equity, the oldest point first. */
export function useEquity(): readonly IntradayEquityPoint[] | undefined {
  return usePart(live, ({ books }) => books.equity);
}

/** Follows the session's signals, the oldest first. */
export function useSignals(): readonly Signal[] | undefined {
  const signals = usePart(live, ({ books }) => books.signals);
  return useMemo(() => signals && [...signals.values()], [signals]);
}

/** Follows the newest log lines of every severity, the oldest first; at most 5,000 are kept. */
export function useLogs(): readonly LogEntry[] | undefined {
  return usePart(live, ({ books }) => books.logs);
}

/** Follows the engine's clock as the daemon last told it; absent before its first event. */
export function useEngineTime() {
  return usePart(live, ({ books }) => books.engineTime);
}

/** Many parts of a page ask for the same order each second. */
const orders = new WeakMap<ReadonlyMap<string, Position>, readonly Position[]>();

function sortedOnce(positions: ReadonlyMap<string, Position>): readonly Position[] {
  const known = orders.get(positions);
  if (known !== undefined) return known;
  const sorted = [...positions.values()].sort(byEntry);
  orders.set(positions, sorted);
  return sorted;
}

function byEntry(a: Position, b: Position): number {
  const [one, other] = [a.entryTime, b.entryTime];
  const seconds = Number((one?.seconds ?? 0n) - (other?.seconds ?? 0n));
  return seconds || (one?.nanos ?? 0) - (other?.nanos ?? 0) || (a.symbol < b.symbol ? -1 : 1);
}
