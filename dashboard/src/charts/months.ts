/** Days laid out by months and weeks, Monday to Friday. Pure. */

import { abs, addDays, type DateText, toMicros, weekday } from '../format';

/** The result of one session, as the API sends it. */
export interface DaySource {
  readonly date: DateText;
  readonly netPnl: string;
}

/** One place of the calendar. */
export interface DayCell {
  readonly date: DateText;
  /** After fees, in US dollars. Absent on days without a session. */
  readonly netPnl: string | undefined;
  /** How strong its colour is, from 0 to 4: quarters of the largest absolute result. */
  readonly weight: 0 | 1 | 2 | 3 | 4;
}

/** One month with its weeks; a place is absent where the week reaches into another month. */
export interface Month {
  /** Its first day. */
  readonly first: DateText;
  readonly weeks: readonly (readonly (DayCell | undefined)[])[];
}

const DAYS_SHOWN = 5;

/** Returns the months from the first to the last session, without gaps; empty without sessions. */
export function months(days: readonly DaySource[]): Month[] {
  const results = new Map(days.map((day) => [day.date, day.netPnl]));
  const largest = days.reduce((most, day) => max(most, abs(toMicros(day.netPnl) ?? 0n)), 0n);
  const dates = [...results.keys()].sort();
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) return [];
  const found: Month[] = [];
  for (let start = monthStart(first); start <= last; start = nextMonth(start)) {
    const rows = weeks(start, results, largest);
    found.push({
      first: start,
      weeks: rows.filter((row) => row.some((cell) => isWithin(cell, first, last))),
    });
  }
  return found;
}

function weeks(
  first: DateText,
  results: ReadonlyMap<DateText, string>,
  largest: bigint,
): (DayCell | undefined)[][] {
  const rows: (DayCell | undefined)[][] = [];
  const month = first.slice(0, 7);
  const monday = addDays(first, -((weekday(first) + 6) % 7));
  for (let start = monday; start.slice(0, 7) <= month; start = addDays(start, 7)) {
    const row = Array.from({ length: DAYS_SHOWN }, (_, index) => addDays(start, index)).map((date) =>
      date.startsWith(month) ? cell(date, results.get(date), largest) : undefined,
    );
    if (row.some((place) => place !== undefined)) rows.push(row);
  }
  return rows;
}

/** Weeks before the first session and after the last one say nothing. */
function isWithin(cell: DayCell | undefined, first: DateText, last: DateText): boolean {
  return cell !== undefined && cell.date >= first && cell.date <= last;
}

function cell(date: DateText, netPnl: string | undefined, largest: bigint): DayCell {
  return { date, netPnl, weight: weight(abs(toMicros(netPnl) ?? 0n), largest) };
}

function weight(size: bigint, largest: bigint): DayCell['weight'] {
  if (size === 0n || largest === 0n) return 0;
  if (size * 4n <= largest) return 1;
  if (size * 2n <= largest) return 2;
  return size * 4n <= largest * 3n ? 3 : 4;
}

function monthStart(date: DateText): DateText {
  return `${date.slice(0, 7)}-01`;
}

function nextMonth(first: DateText): DateText {
  return monthStart(addDays(first, 31));
}

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
