/** The sessions that are looked at: they live in the address. Pure. */

import { addDays, isDate, type DateText } from '../format';

/** Days back from the present session, today included; `all` has no beginning. */
export type Preset = '1' | '7' | '30' | '90' | '365' | 'all';

/** Which sessions. */
export interface HistoryRange {
  /** Absent where the dates were given themselves. */
  readonly preset: Preset | undefined;
  /** The first and the last session, New York dates; empty where there is no bound. */
  readonly from: DateText;
  readonly to: DateText;
}

/** The ranges that can be chosen by name. */
export const PRESETS: readonly (readonly [Preset, string])[] = [
  ['1', 'Today'],
  ['7', '7 days'],
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', '1 year'],
  ['all', 'All'],
];

const DEFAULT: Preset = '30';

/** Reads the range out of an address: given dates count before a preset; the default is 30 days. */
export function readRange(query: URLSearchParams, today: DateText): HistoryRange {
  const [from, to] = [dateOf(query.get('from')), dateOf(query.get('to'))];
  if (from !== '' || to !== '') return { preset: undefined, from, to };
  const asked = query.get('range');
  const preset = PRESETS.find(([key]) => key === asked)?.[0] ?? DEFAULT;
  if (preset === 'all') return { preset, from: '', to: '' };
  return { preset, from: addDays(today, 1 - Number(preset)), to: today };
}

/** Names a range for people and for files: `2026-02-01 to 2026-03-02`. */
export function rangeWords({ from, to }: HistoryRange): string {
  if (from === '') return to === '' ? 'all sessions' : `up to ${to}`;
  return to === '' ? `from ${from}` : from === to ? from : `${from} to ${to}`;
}

function dateOf(value: string | null): DateText {
  return value !== null && isDate(value) ? value : '';
}
