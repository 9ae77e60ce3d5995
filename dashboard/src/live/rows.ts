import { STAYS_MS, useClosings } from '../state/closing';
import { usePositions, useSignals } from '../state/live';
import { useNow } from '../state/now';
import { SignalStatus, type Position, type Signal } from '../wire/proto';
import { useEntries, type Entry } from './working';

/** A position with what belongs to it. */
export interface OpenRow {
  readonly position: Position;
  readonly signal: Signal | undefined;
  /** Whether it is flat already and stays only so that one sees it. */
  readonly isGone: boolean;
}

/** The rows of the table; absent before the first snapshot. */
export interface Rows {
  readonly open: readonly OpenRow[];
  readonly entries: readonly Entry[];
}

/** Follows the rows: positions by entry time with those just closed in their places, then the working entries. */
export function useRows(): Rows | undefined {
  const positions = usePositions();
  const signals = useSignals();
  const closings = useClosings();
  const entries = useEntries();
  const now = useNow(1000);
  if (positions === undefined) return undefined;
  const byId = new Map(signals?.map((signal) => [signal.id, signal]));
  const rows = positions.map((position) => ({ position, signal: byId.get(position.tradeId), isGone: false }));
  for (const [trade, { position, flatAt }] of closings) {
    if (flatAt === undefined || now - flatAt > STAYS_MS) continue;
    rows.push({ position, signal: byId.get(trade), isGone: true });
  }
  rows.sort((a, b) => entryOrder(a.position, b.position));
  const shown = entries.filter(({ signal, endedAt }) => {
    if (endedAt === undefined)
      return signal.filledQuantity === 0n || !rows.some((row) => row.signal === signal);
    return signal.status !== SignalStatus.FILLED && now - endedAt <= STAYS_MS;
  });
  return { open: rows, entries: shown };
}

function entryOrder(a: Position, b: Position): number {
  const [one, other] = [a.entryTime?.seconds ?? 0n, b.entryTime?.seconds ?? 0n];
  if (one !== other) return one < other ? -1 : 1;
  return (a.entryTime?.nanos ?? 0) - (b.entryTime?.nanos ?? 0);
}
