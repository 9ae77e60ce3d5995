/** Labels of axes. Their numbers are geometry, so they are written from floats. Pure. */

import {
  clockMinutes,
  clockOfMs,
  dateOfMs,
  dayOfDate,
  MINUS,
  pnl,
  pnlWhole,
  price,
  signedPercent,
} from '../format';

/** Writes a result on an axis: `+$1,200`, with cents where the scale is small. */
export function axisPnl(value: number): string {
  const text = fixed(value);
  return Math.abs(value) < 10 ? pnl(text) : pnlWhole(text);
}

/** Writes a balance on an axis: `$101,285`. */
export function axisMoney(value: number): string {
  return pnlWhole(fixed(value)).replace('+', '');
}

/** Writes a price on an axis: `182.41`. */
export function axisPrice(value: number): string {
  return price(fixed(value, 4));
}

/** Writes a number of percent on an axis: `+1.28%`. */
export function axisPercent(value: number): string {
  return signedPercent(value / 100);
}

/** Writes New York's time of day under a time axis: `11:30`. */
export function axisClock(seconds: number): string {
  return clockMinutes(seconds * 1000);
}

/** Writes New York's date and time beside the crosshair: `2026-11-20 11:30:05`. */
export function axisInstant(seconds: number): string {
  return `${dateOfMs(seconds * 1000)} ${clockOfMs(seconds * 1000)}`;
}

/** Writes a session's date under an axis whose points are dates: `20 Nov`. */
export function axisDay(seconds: number): string {
  return dayOfDate(axisDate(seconds)).slice(4);
}

/** Returns the date of a point whose time is a date's midnight in UTC. */
export function axisDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function fixed(value: number, places = 2): string {
  return value.toFixed(places).replace(MINUS, '-');
}
