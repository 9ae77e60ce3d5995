// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { digits, fromMicros, NotADecimal, toGeometry, toMicros } from './decimal';

describe('decimals of the API', () => {
  it.each([
    ['0', 0n],
    ['10.5', 10_500_000n],
    ['-0.0035', -3_500n],
    ['101284.6', 101_284_600_000n],
    ['9007199254740993.000001', 9_007_199_254_740_993_000_001n],
  ])('reads %s exactly and writes it back', (text, micros) => {
    expect(toMicros(text)).toBe(micros);
    expect(fromMicros(micros)).toBe(text);
  });

  it('keeps absent apart from zero', () => {
    expect(toMicros(undefined)).toBeUndefined();
    expect(toMicros('')).toBeUndefined();
    expect(toGeometry(undefined)).toBeUndefined();
  });

  it.each(['1e3', '1.', '.5', '+1', '1,000', 'abc', '1.1234567', 'NaN'])('refuses %s by name', (text) => {
    expect(() => toMicros(text)).toThrow(NotADecimal);
    expect(() => toMicros(text)).toThrow(text);
  });

  it('rounds halves away from zero on both sides', () => {
    expect(digits(5_000n, 2)).toEqual({ text: '0.01', isZero: false });
    expect(digits(-5_000n, 2)).toEqual({ text: '0.01', isZero: false });
    expect(digits(4_999n, 2)).toEqual({ text: '0.00', isZero: true });
    expect(digits(999_999_500_000n, 0)).toEqual({ text: '1,000,000', isZero: false });
  });
});
