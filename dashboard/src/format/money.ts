/** Money, prices, results and ratios as a trader reads them. */

import { ABSENT, abs, digits, group, MINUS, toMicros } from './decimal';

/** What a figure's sign says; it decides the colour, never alone. */
export type Tone = 'gain' | 'loss' | 'flat';

const ONE_DOLLAR = 1_000_000n;

/** Writes a balance with cents: `$101,284.60`, below zero `−$12.00`. */
export function money(text: string | undefined): string {
  return written(text, 2, '$', '');
}

/** Writes a result with cents and its sign: `+$396.00`, `−$114.70`, `$0.00`. */
export function pnl(text: string | undefined): string {
  return written(text, 2, '$', '+');
}

/** Writes a result in whole dollars, for axes and small cells: `+$1,285`. */
export function pnlWhole(text: string | undefined): string {
  return written(text, 0, '$', '+');
}

/** Writes a price: two places, four below one dollar. */
export function price(text: string | undefined): string {
  const micros = toMicros(text);
  if (micros === undefined) return ABSENT;
  return signed(micros, abs(micros) < ONE_DOLLAR ? 4 : 2, '', '');
}

/** Writes a result in multiples of the initial risk: `+2.20R`. */
export function rMultiple(text: string | undefined): string {
  const micros = toMicros(text);
  return micros === undefined ? ABSENT : `${signed(micros, 2, '', '+')}R`;
}

/** Writes a decimal of the API with a given number of places and no unit. */
export function decimal(text: string | undefined, places: number): string {
  return written(text, places, '', '');
}

/** Writes a decimal of the API as exactly as it came, its thousands grouped; what is no decimal is shown as it is. */
export function figure(text: string | undefined): string {
  if (text === undefined) return ABSENT;
  const [, sign, whole, rest] = /^(-?)(\d+)((?:\.\d+)?)$/.exec(text) ?? [];
  return whole === undefined ? text : `${sign === '-' ? MINUS : ''}${group(whole)}${rest ?? ''}`;
}

/** Writes a part of one as a percentage with its sign: 0.0128 is `+1.28%`. */
export function signedPercent(part: number | undefined, places = 2): string {
  return number(part, 100, places, '+', '%');
}

/** Writes a part of one as a percentage: 0.6 is `60%`. */
export function percent(part: number | undefined, places = 0): string {
  return number(part, 100, places, '', '%');
}

/** Writes a plain ratio, such as a Sharpe ratio: `1.84`. */
export function ratio(value: number | undefined, places = 2): string {
  return number(value, 1, places, '', '');
}

/** Writes a mean of R multiples: `+0.40R`. */
export function meanR(value: number | undefined): string {
  return number(value, 1, 2, '+', 'R');
}

/** Writes a count of shares or rows: `1,240`. */
export function count(value: bigint | number | undefined): string {
  if (value === undefined) return ABSENT;
  return value < 0 ? `${MINUS}${group((-value).toString())}` : group(value.toString());
}

/** Writes a count with its word: `1 trade`, `1,240 trades`. */
export function plural(value: bigint | number, word: string): string {
  return `${count(value)} ${word}${BigInt(value) === 1n ? '' : 's'}`;
}

/** Writes how much of an order is filled: `240` when whole, `120/240` otherwise. */
export function filled(done: bigint, asked: bigint): string {
  return done === asked ? count(asked) : `${count(done)}/${count(asked)}`;
}

/** Returns the tone of a result, judged as it is written: what rounds to nothing is flat. */
export function tone(text: string | undefined, places = 2): Tone {
  const micros = toMicros(text);
  if (micros === undefined || digits(micros, places).isZero) return 'flat';
  return micros > 0n ? 'gain' : 'loss';
}

/** Returns the tone of a number that is shown with some places, such as a return. */
export function toneOf(value: number | undefined, scale = 1, places = 2): Tone {
  if (value === undefined || Number((Math.abs(value) * scale).toFixed(places)) === 0) return 'flat';
  return value > 0 ? 'gain' : 'loss';
}

/** Returns the sum of decimals, `undefined` when all are absent. For sums of rows on the page alone. */
export function sum(texts: readonly (string | undefined)[]): bigint | undefined {
  let total: bigint | undefined;
  for (const text of texts) {
    const micros = toMicros(text);
    if (micros !== undefined) total = (total ?? 0n) + micros;
  }
  return total;
}

function written(text: string | undefined, places: number, unit: string, plus: string): string {
  const micros = toMicros(text);
  return micros === undefined ? ABSENT : signed(micros, places, unit, plus);
}

function signed(micros: bigint, places: number, unit: string, plus: string): string {
  const { text, isZero } = digits(micros, places);
  if (isZero) return `${unit}${text}`;
  return `${micros < 0n ? MINUS : plus}${unit}${text}`;
}

function number(
  value: number | undefined,
  scale: number,
  places: number,
  plus: string,
  unit: string,
): string {
  if (value === undefined || !Number.isFinite(value)) return ABSENT;
  const [whole = '0', fraction] = (Math.abs(value) * scale).toFixed(places).split('.');
  const text = fraction === undefined ? group(whole) : `${group(whole)}.${fraction}`;
  if (/^[0.,]*$/.test(text)) return `${text}${unit}`;
  return `${value < 0 ? MINUS : plus}${text}${unit}`;
}
