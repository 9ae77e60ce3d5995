import type { LogEntry } from '../wire/proto';

/** Lines that a page keeps at most; a day has about so many. When there are more, the oldest half goes. */
export const LINES_MAX = 20_000;

/** The lines that the stream has brought while the page is shown, the oldest first and without a hole. */
export interface Lines {
  readonly entries: readonly LogEntry[];
  /** Names the unbroken row of lines: what was asked for before it belongs to no other. */
  readonly row: number;
}

export const NO_LINES: Lines = { entries: [], row: 0 };

/** Takes in the newest lines of the stream, which repeat most of what it brought before. */
export function follow(known: Lines, newest: readonly LogEntry[]): Lines {
  const first = newest[0];
  if (first === undefined || newest === known.entries) return known;
  const last = known.entries.at(-1);
  // Another daemon's lines are numbered anew, and after a long silence lines are missing in between.
  const isBroken = last === undefined || first.id > last.id + 1n || (newest.at(-1)?.id ?? 0n) < last.id;
  if (isBroken) return { entries: newest, row: known.row + 1 };
  const fresh = newest.slice(firstAfter(newest, last.id));
  if (fresh.length === 0) return known;
  const entries = [...known.entries, ...fresh];
  if (entries.length <= LINES_MAX) return { entries, row: known.row };
  return { entries: entries.slice(-LINES_MAX / 2), row: known.row + 1 };
}

/** Returns the place of the first line after an id, in lines whose ids rise. */
export function firstAfter(entries: readonly LogEntry[], id: bigint): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.id ?? 0n) > id) high = middle;
    else low = middle + 1;
  }
  return low;
}
