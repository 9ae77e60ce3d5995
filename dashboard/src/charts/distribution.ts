/** How R multiples spread. Pure. */

import { fromMicros, toMicros } from '../format';

/** Trades whose R lies in [from, to); the outermost ones have no end. */
export interface Bin {
  /** The lower edge, a decimal string. Absent in the first when something lies below. */
  readonly from: string | undefined;
  /** The upper edge, a decimal string. Absent in the last when something lies above. */
  readonly to: string | undefined;
  readonly count: number;
  /** Whether the bin lies below zero. */
  readonly isLoss: boolean;
}

const HALF_R = 500_000n;
const LOWEST = -6n;
const HIGHEST = 12n;

/**
 * Counts R multiples in steps of half an R, from the lowest to the highest that occur and at least
 * from −1R to +1R; below −3R and above +6R everything is in one bin at the end.
 */
export function distribution(multiples: readonly (string | undefined)[]): Bin[] {
  const counts = new Map<bigint, number>();
  for (const text of multiples) {
    const micros = toMicros(text);
    if (micros === undefined) continue;
    const step = clamp(floorDivide(micros, HALF_R));
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const steps = [...counts.keys()];
  const first = steps.reduce((low, step) => (step < low ? step : low), -2n);
  const last = steps.reduce((high, step) => (step > high ? step : high), 1n);
  const bins: Bin[] = [];
  for (let step = first; step <= last; step += 1n) bins.push(bin(step, counts.get(step) ?? 0));
  return bins;
}

function bin(step: bigint, count: number): Bin {
  return {
    from: step < LOWEST ? undefined : fromMicros(step * HALF_R),
    to: step >= HIGHEST ? undefined : fromMicros((step + 1n) * HALF_R),
    count,
    isLoss: step < 0n,
  };
}

function clamp(step: bigint): bigint {
  if (step < LOWEST) return LOWEST - 1n;
  return step > HIGHEST ? HIGHEST : step;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const whole = value / by;
  return value % by < 0n ? whole - 1n : whole;
}
