// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  count,
  figure,
  filled,
  meanR,
  money,
  percent,
  pnl,
  pnlWhole,
  price,
  ratio,
  rMultiple,
  signedPercent,
  sum,
  tone,
  toneOf,
} from './money';

describe('results', () => {
  it('carry a plus or the minus U+2212, and a zero carries none', () => {
    expect(pnl('396')).toBe('+$396.00');
    expect(pnl('-114.7')).toBe('\u2212$114.70');
    expect(pnl('0')).toBe('$0.00');
    expect(pnl('1284.6')).toBe('+$1,284.60');
    expect(pnlWhole('1284.6')).toBe('+$1,285');
  });

  it('that round to nothing have no sign and no colour', () => {
    expect(pnl('-0.0035')).toBe('$0.00');
    expect(tone('-0.0035')).toBe('flat');
    expect(tone('-0.005')).toBe('loss');
    expect(tone('0.01')).toBe('gain');
    expect(tone(undefined)).toBe('flat');
    expect(toneOf(-0.00001, 100)).toBe('flat');
    expect(toneOf(-0.0128, 100)).toBe('loss');
  });

  it('that are absent are a dash and never zero', () => {
    for (const write of [money, pnl, price, rMultiple]) expect(write(undefined)).toBe('–');
    for (const write of [signedPercent, percent, ratio, meanR, count]) expect(write(undefined)).toBe('–');
    expect(ratio(Number.NaN)).toBe('–');
  });

  it('in R and percent keep two places', () => {
    expect(rMultiple('2.2')).toBe('+2.20R');
    expect(rMultiple('-0.4578')).toBe('\u22120.46R');
    expect(meanR(0.4)).toBe('+0.40R');
    expect(signedPercent(0.0128)).toBe('+1.28%');
    expect(signedPercent(-0.1)).toBe('\u221210.00%');
    expect(signedPercent(-0.000001)).toBe('0.00%');
    expect(percent(0.6)).toBe('60%');
    expect(ratio(-1234.567)).toBe('\u22121,234.57');
  });
});

describe('prices and balances', () => {
  it('have two places, four below a dollar', () => {
    expect(price('182.4133')).toBe('182.41');
    expect(price('0.45')).toBe('0.4500');
    expect(price('1')).toBe('1.00');
    expect(price('1234.5')).toBe('1,234.50');
  });

  it('are exact where a float would not be', () => {
    expect(money('9007199254740993.01')).toBe('$9,007,199,254,740,993.01');
    expect(money('1.005')).toBe('$1.01');
    expect(money('-12')).toBe('\u2212$12.00');
  });

  it('are summed without floats', () => {
    expect(sum(['0.1', '0.2', undefined])).toBe(300_000n);
    expect(sum([undefined])).toBeUndefined();
  });
});

describe('quantities', () => {
  it('group thousands and show parts', () => {
    expect(count(1240n)).toBe('1,240');
    expect(count(-1240)).toBe('\u22121,240');
    expect(filled(240n, 240n)).toBe('240');
    expect(filled(120n, 240n)).toBe('120/240');
    expect(filled(0n, 88n)).toBe('0/88');
  });
});

describe('figures of a reckoning', () => {
  it('are shown exactly as they came, their thousands grouped', () => {
    expect(figure('301022.81')).toBe('301,022.81');
    expect(figure('-1234.000001')).toBe('\u22121,234.000001');
    expect(figure('long')).toBe('long');
    expect(figure(undefined)).toBe('–');
  });
});
