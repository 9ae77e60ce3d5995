import { live } from '../state/live';
import { createStore, useStore } from '../state/store';
import type { Signal } from '../wire/proto';
import { isWorking } from './figures';

/** An entry that works, or that has just ended without becoming a position. */
export interface Entry {
  readonly signal: Signal;
  /** When it was seen to end, on this tab's clock. Absent while it works. */
  readonly endedAt: number | undefined;
}

const entries = createStore<readonly Entry[]>([]);

live.subscribe(look);

/** Follows the entries that work, and those that have ended lately, the oldest first. */
export function useEntries(): readonly Entry[] {
  return useStore(entries);
}

let seen: ReadonlyMap<string, Signal> | undefined;

function look(): void {
  const { signals } = live.get().books;
  if (signals === seen) return;
  seen = signals;
  const known = new Map(entries.get().map((entry) => [entry.signal.id, entry]));
  const next: Entry[] = [];
  for (const signal of signals?.values() ?? []) {
    const before = known.get(signal.id);
    if (isWorking(signal)) next.push({ signal, endedAt: undefined });
    else if (before !== undefined) next.push({ signal, endedAt: before.endedAt ?? Date.now() });
  }
  if (next.length > 0 || known.size > 0) entries.set(next);
}
