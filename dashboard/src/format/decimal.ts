/**
 * Exact decimals as the API sends them: strings with a dot, an optional leading minus and at most
 * six places. They are kept as whole millionths, so no sum or rounding ever passes through a float.
 */

/** Stands wherever a value is absent: absent is never zero. */
export const ABSENT = '–';

/** The minus of figures, as wide as a plus. */
export const MINUS = '\u2212';

const PLACES = 6;
const ONE = 1_000_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** Says that a text is not a decimal of the API. */
export class NotADecimal extends Error {
  constructor(readonly text: string) {
    super(`"${text}" is not a decimal number with at most six places`);
    this.name = 'NotADecimal';
  }
}

/**
 * Returns the millionths of a decimal string, or `undefined` when it is absent.
 *
 * @throws {NotADecimal} when the text is something else.
 */
export function toMicros(text: string | undefined): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) throw new NotADecimal(text);
  const [, sign, whole, fraction] = match;
  const micros = BigInt(whole ?? '0') * ONE + BigInt((fraction ?? '').padEnd(PLACES, '0'));
  return sign === '-' ? -micros : micros;
}

/** Returns the decimal string of millionths, without trailing zeros. */
export function fromMicros(micros: bigint): string {
  const size = abs(micros);
  const fraction = (size % ONE).toString().padStart(PLACES, '0').replace(/0+$/, '');
  const whole = (size / ONE).toString();
  const sign = micros < 0n ? '-' : '';
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Returns the absolute value. */
export function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/**
 * Returns a rounded figure in digits grouped by thousands, without its sign; halves go away from
 * zero. `isZero` says whether nothing is left after rounding, in which case no sign belongs to it.
 */
export function digits(micros: bigint, places: number): { text: string; isZero: boolean } {
  const step = 10n ** BigInt(PLACES - places);
  const rounded = (abs(micros) + step / 2n) / step;
  const scale = 10n ** BigInt(places);
  const whole = group((rounded / scale).toString());
  const fraction = places === 0 ? '' : `.${(rounded % scale).toString().padStart(places, '0')}`;
  return { text: `${whole}${fraction}`, isZero: rounded === 0n };
}

/** Groups whole digits by thousands: "1234567" becomes "1,234,567". */
export function group(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * Returns the nearest float, for the geometry of charts alone; `undefined` when the value is absent.
 *
 * @throws {NotADecimal} when the text is not a decimal.
 */
export function toGeometry(text: string | undefined): number | undefined {
  const micros = toMicros(text);
  return micros === undefined ? undefined : Number(micros) / Number(ONE);
}
