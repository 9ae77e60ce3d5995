import type { LogEntry } from '../wire/proto';

/** Lines that a page keeps at most; a day has about so many. When there are more, the oldest half goes. */
export const LINES_MAX = 20_000;

/** Lines that the stream has passed over: those with ids between two that are there. */
export interface Gap {
  readonly after: bigint;
  readonly before: bigint;
}

/** The lines that the stream has brought while the page is shown, the oldest first. */
export interface Lines {
  readonly entries: readonly LogEntry[];
  /** Where lines are missing between them, the oldest first: what is not known is shown as such. */
  readonly gaps: readonly Gap[];
  /** Names the row of lines: what was asked for before it belongs to no other. */
  readonly row: number;
}

export const NO_LINES: Lines = { entries: [], gaps: [], row: 0 };

/** Takes in the newest lines of the stream, which repeat most of what it brought before. */
export function follow(known: Lines, newest: readonly LogEntry[]): Lines {
  if (newest.length === 0 || newest === known.entries) return known;
  const last = known.entries.at(-1)?.id;
  // Another daemon's lines are numbered anew.
  if (last === undefined || (newest.at(-1)?.id ?? 0n) < last) {
    return { entries: newest, gaps: gapsIn(newest), row: known.row + 1 };
  }
  const from = firstAfter(newest, last);
  if (from === newest.length) return known;
  const fresh = newest.slice(from);
  // After a long silence the stream begins with its newest lines alone.
  const gaps = [...known.gaps, ...gapsIn(fresh, last)];
  const entries = [...known.entries, ...fresh];
  if (entries.length <= LINES_MAX) return { entries, gaps, row: known.row };
  return trimmed(entries, gaps, known.row + 1);
}

/** Returns the lines with those that were missing in a gap, or with what is left of it when not all of them came. */
export function fill(lines: Lines, gap: Gap, found: readonly LogEntry[], isWhole: boolean): Lines {
  const missed = found.filter(({ id }) => id > gap.after && id < gap.before);
  const at = firstAfter(lines.entries, gap.after);
  const entries = [...lines.entries.slice(0, at), ...missed, ...lines.entries.slice(at)];
  const rest = { after: gap.after, before: missed[0]?.id ?? gap.before };
  const gaps = lines.gaps.flatMap((each) => (each !== gap ? [each] : isWhole ? [] : [rest]));
  return { entries, gaps, row: lines.row };
}

/** Returns how many lines a gap has at most: some numbers may never have been given out. */
export function missing(gap: Gap): bigint {
  return gap.before - gap.after - 1n;
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

/** Ids follow each other without a step; where one is taken, lines are missing. */
function gapsIn(entries: readonly LogEntry[], last = entries[0]?.id ?? 0n): Gap[] {
  const gaps: Gap[] = [];
  let after = last;
  for (const { id } of entries) {
    if (id > after + 1n) gaps.push({ after, before: id });
    after = id;
  }
  return gaps;
}

function trimmed(entries: readonly LogEntry[], gaps: readonly Gap[], row: number): Lines {
  const kept = entries.slice(-LINES_MAX / 2);
  const first = kept[0]?.id ?? 0n;
  return { entries: kept, gaps: gaps.filter((gap) => gap.after >= first), row };
}
