/**
 * Instants, dates and lengths of time. Data stay UTC; what is shown is New York's clock, 24 hours,
 * and what is shown on hover and focus is UTC with the age.
 */

import { ABSENT, group, MINUS } from './decimal';

/** An instant as the API sends it: seconds and nanoseconds since 1970 in UTC. */
export interface Instant {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** A length of time as the API sends it. */
export type Length = Instant;

/** A session's date in New York, YYYY-MM-DD. */
export type DateText = string;

const NEW_YORK = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  weekday: 'short',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MS_PER_DAY = 86_400_000;

/** Returns milliseconds since 1970; `undefined` when the instant is absent. */
export function toMs(instant: Instant | undefined): number | undefined {
  return instant === undefined ? undefined : Number(instant.seconds) * 1000 + Math.floor(instant.nanos / 1e6);
}

/** Returns the instant of milliseconds since 1970. */
export function fromMs(ms: number): Instant {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** Writes the time of day in New York: `11:42:07`. */
export function clock(instant: Instant | undefined): string {
  const ms = toMs(instant);
  return ms === undefined ? ABSENT : clockOfMs(ms);
}

/** Writes the time of day in New York with milliseconds, as logs show it: `11:42:05.213`. */
export function clockMs(instant: Instant | undefined): string {
  const ms = toMs(instant);
  return ms === undefined ? ABSENT : `${clockOfMs(ms)}.${pad(((ms % 1000) + 1000) % 1000, 3)}`;
}

/** Writes the time of day in New York without seconds: `11:42`. */
export function clockMinutes(ms: number): string {
  return clockOfMs(ms).slice(0, 5);
}

/** Writes the date and time of day in New York: `2026-11-20 11:42:07`. */
export function dateClock(instant: Instant | undefined): string {
  const ms = toMs(instant);
  return ms === undefined ? ABSENT : `${dateOfMs(ms)} ${clockOfMs(ms)}`;
}

/** Returns New York's date at an instant. */
export function dateOf(instant: Instant | undefined): DateText | undefined {
  const ms = toMs(instant);
  return ms === undefined ? undefined : dateOfMs(ms);
}

/** Writes the day of an instant in New York for headings: `Fri 20 Nov`. */
export function day(instant: Instant | undefined): string {
  const date = dateOf(instant);
  return date === undefined ? ABSENT : dayOfDate(date);
}

/** Writes a date for headings: `Fri 20 Nov`. */
export function dayOfDate(date: DateText): string {
  const [, month = 1, dayOfMonth = 1] = date.split('-').map(Number);
  return `${WEEKDAYS[weekday(date)] ?? ''} ${dayOfMonth} ${MONTHS[month - 1] ?? ''}`;
}

/** Writes a month for headings: `November 2026` is `Nov 2026`. */
export function monthOfDate(date: DateText): string {
  const [year = 1970, month = 1] = date.split('-').map(Number);
  return `${MONTHS[month - 1] ?? ''} ${year}`;
}

/** Writes an instant in UTC with milliseconds: `2026-11-20 16:42:07.213 UTC`. */
export function utc(instant: Instant | undefined): string {
  const ms = toMs(instant);
  return ms === undefined ? ABSENT : `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** Writes what a time shows on hover and focus: UTC, and its age on the engine's clock where that is known. */
export function hover(instant: Instant | undefined, now?: Instant): string {
  const at = toMs(instant);
  if (at === undefined) return ABSENT;
  const until = toMs(now);
  return until === undefined ? utc(instant) : `${utc(instant)} · ${age(until - at)}`;
}

/** Writes an age: `0.2 s ago`, `6 s ago`, `4 min ago`, `3 h ago`, `2 d ago`; what lies ahead is `in 6 s`. */
export function age(ms: number): string {
  return ms < 0 ? `in ${span(-ms)}` : `${span(ms)} ago`;
}

/** Writes a length of time roughly: `0.2 s`, `6 s`, `4 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${group(Math.floor(seconds / 86_400).toString())} d`;
}

/** Writes how long a position was held: `1:58:12`. */
export function held(length: Length | undefined): string {
  const ms = toMs(length);
  return ms === undefined ? ABSENT : heldMs(ms);
}

/** Writes hours, minutes and seconds of milliseconds: `1:58:12`. */
export function heldMs(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const text = `${group(Math.floor(seconds / 3600).toString())}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
  return ms < 0 && seconds > 0 ? `${MINUS}${text}` : text;
}

/** Writes a latency: `0.4 ms`, `38 ms`, `2.31 s`, `0:04:12`. */
export function latency(length: Length | undefined): string {
  if (length === undefined) return ABSENT;
  const ms = Number(length.seconds) * 1000 + length.nanos / 1e6;
  if (ms === 0) return '0 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return heldMs(ms);
}

/** Returns the length between two instants, `undefined` where one is absent. */
export function between(from: Instant | undefined, to: Instant | undefined): Length | undefined {
  if (from === undefined || to === undefined) return undefined;
  const nanos = (to.seconds - from.seconds) * 1_000_000_000n + BigInt(to.nanos - from.nanos);
  const seconds = nanos / 1_000_000_000n;
  return { seconds, nanos: Number(nanos - seconds * 1_000_000_000n) };
}

/** Says whether a text is a date that exists. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Returns the date some days later, or earlier when negative. */
export function addDays(date: DateText, days: number): DateText {
  return new Date(midnight(date) + days * MS_PER_DAY).toISOString().slice(0, 10);
}

/** Returns the day of the week of a date, 0 for Sunday. */
export function weekday(date: DateText): number {
  return new Date(midnight(date)).getUTCDay();
}

/** Returns the milliseconds of a date's midnight in UTC, the place of a date on a time axis. */
export function midnight(date: DateText): number {
  return Date.parse(`${date}T00:00:00Z`);
}

/** Returns New York's date of milliseconds since 1970. */
export function dateOfMs(ms: number): DateText {
  const part = parts(ms);
  return `${part.year}-${part.month}-${part.day}`;
}

/** Writes New York's time of day of milliseconds since 1970. */
export function clockOfMs(ms: number): string {
  const part = parts(ms);
  return `${part.hour}:${part.minute}:${part.second}`;
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

function parts(ms: number): Record<Part, string> {
  const found: Record<Part, string> = { year: '', month: '', day: '', hour: '', minute: '', second: '' };
  for (const { type, value } of NEW_YORK.formatToParts(ms)) {
    if (type in found) found[type as Part] = value;
  }
  return found;
}

function pad(value: number, width: number): string {
  return value.toString().padStart(width, '0');
}
