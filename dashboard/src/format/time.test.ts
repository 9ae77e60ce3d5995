// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  addDays,
  age,
  between,
  clock,
  clockMs,
  dateClock,
  dateOf,
  day,
  fromMs,
  held,
  heldMs,
  hover,
  isDate,
  latency,
  utc,
  weekday,
} from './time';

const at = (text: string) => fromMs(Date.parse(text));
const length = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 });

describe('times of day', () => {
  it("are New York's in winter and in summer", () => {
    expect(clock(at('2026-11-20T16:42:07Z'))).toBe('11:42:07');
    expect(clock(at('2026-07-20T15:42:07Z'))).toBe('11:42:07');
  });

  it('count midnight as 00 and change the date there', () => {
    expect(dateClock(at('2026-11-21T05:00:00Z'))).toBe('2026-11-21 00:00:00');
    expect(dateOf(at('2026-11-21T04:59:59Z'))).toBe('2026-11-20');
  });

  it('keep milliseconds where logs need them', () => {
    expect(clockMs({ seconds: 1795192925n, nanos: 213_987_000 })).toMatch(/:05\.213$/);
  });

  it('show UTC and age on hover', () => {
    const then = at('2026-11-20T16:42:07.213Z');
    expect(utc(then)).toBe('2026-11-20 16:42:07.213 UTC');
    expect(hover(then)).toBe('2026-11-20 16:42:07.213 UTC');
    expect(hover(then, at('2026-11-20T16:42:13.213Z'))).toBe('2026-11-20 16:42:07.213 UTC · 6 s ago');
  });

  it('that are absent are a dash', () => {
    for (const write of [clock, clockMs, dateClock, day, utc, held, latency])
      expect(write(undefined)).toBe('–');
  });
});

describe('lengths of time', () => {
  it('are written by their size', () => {
    expect(held(length(7_092_000))).toBe('1:58:12');
    expect(heldMs(-5_000)).toBe('\u22120:00:05');
    expect(latency(length(0))).toBe('0 ms');
    expect(latency({ seconds: 0n, nanos: 412_000 })).toBe('0.4 ms');
    expect(latency(length(38))).toBe('38 ms');
    expect(latency(length(2_310))).toBe('2.31 s');
    expect(latency(length(252_000))).toBe('0:04:12');
    expect(age(200)).toBe('0.2 s ago');
    expect(age(240_000)).toBe('4 min ago');
    expect(age(-6_000)).toBe('in 6 s');
  });

  it('are differences of instants, exact to the nanosecond', () => {
    expect(between({ seconds: 1n, nanos: 900_000_000 }, { seconds: 2n, nanos: 100_000_000 })).toEqual({
      seconds: 0n,
      nanos: 200_000_000,
    });
    expect(between(undefined, length(1))).toBeUndefined();
  });
});

describe('dates', () => {
  it('are counted over the ends of months and of daylight saving', () => {
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
    expect(addDays('2026-11-01', 1)).toBe('2026-11-02');
    expect(weekday('2026-11-20')).toBe(5);
    expect(day(at('2026-11-20T16:00:00Z'))).toBe('Fri 20 Nov');
  });

  it('that do not exist are refused', () => {
    expect(isDate('2026-02-28')).toBe(true);
    for (const text of ['2026-02-30', '2026-2-3', '', '20 Nov']) expect(isDate(text)).toBe(false);
  });
});
