/** The points of the P&L curve of a session. Pure. */

import { abs, fromMicros, type Instant, toMicros, toMs } from '../format';

/** The account at one moment, as the API sends it. */
export interface PnlSource {
  readonly time?: Instant | undefined;
  /** From closed quantities, after fees, in US dollars. */
  readonly realized: string;
  /** From open positions at their marks, in US dollars. */
  readonly unrealized: string;
}

/** One point: whole seconds since 1970 in UTC, and the exact result with its place on the canvas. */
export interface PnlPoint {
  readonly time: number;
  /** realised + unrealised, a decimal string. */
  readonly pnl: string;
  readonly value: number;
}

/** The end of a trade on the curve. */
export interface PnlExit {
  readonly time: Instant;
  /** What stands beside the dot, such as `AVGO +2.00R`. */
  readonly label: string;
}

/** Where an exit stands; without a label where it would run into another. */
export interface ExitMark {
  readonly point: PnlPoint;
  readonly label: string | undefined;
}

/** What a curve comes to. */
export interface PnlExtremes {
  readonly high: PnlPoint;
  readonly low: PnlPoint;
  readonly last: PnlPoint;
}

/** Returns rising points, one a second: of several within a second the last counts. */
export function pnlPoints(sources: readonly PnlSource[]): PnlPoint[] {
  const points: PnlPoint[] = [];
  for (const source of sources) {
    if (source.time === undefined) continue;
    const micros = (toMicros(source.realized) ?? 0n) + (toMicros(source.unrealized) ?? 0n);
    const point = { time: Number(source.time.seconds), pnl: fromMicros(micros), value: Number(micros) / 1e6 };
    const last = points.at(-1);
    if (last !== undefined && point.time < last.time) continue;
    if (last?.time === point.time) points.pop();
    points.push(point);
  }
  return points;
}

/** Returns the highest, lowest and last point; `undefined` when there is none. */
export function pnlExtremes(points: readonly PnlPoint[]): PnlExtremes | undefined {
  const last = points.at(-1);
  if (last === undefined) return undefined;
  let [high, low] = [last, last];
  for (const point of points) {
    if (point.value > high.value) high = point;
    if (point.value < low.value) low = point;
  }
  return { high, low, last };
}

/** The room that a label takes, in pixels. */
const LABEL_PX = 96;

/** Returns the exits on the last points at or before them, oldest first; of labels that are too close the newer stays. */
export function exitMarks(
  points: readonly PnlPoint[],
  exits: readonly PnlExit[],
  widthPx: number,
): ExitMark[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const room = ((last.time - first.time) * LABEL_PX) / Math.max(1, widthPx);
  const placed = exits.map(({ time, label }) => {
    const seconds = Math.floor((toMs(time) ?? 0) / 1000);
    return { point: points.findLast((each) => each.time <= seconds) ?? first, label };
  });
  placed.sort((left, right) => right.point.time - left.point.time);
  let free = Infinity;
  const marks = placed.map(({ point, label }) => {
    const isClear = free - point.time >= room;
    if (isClear) free = point.time;
    return { point, label: isClear ? label : undefined };
  });
  return marks.reverse();
}

/** Says whether a loss has used at least half of the limit, so that the limit belongs on the chart. */
export function isNearLimit(low: string, limit: string | undefined): boolean {
  const [loss, bound] = [toMicros(low), toMicros(limit)];
  return loss !== undefined && bound !== undefined && loss < 0n && abs(loss) * 2n >= bound;
}

/**
 * Returns how many leading points of `next` are already drawn, when `next` only goes on from
 * `drawn` (its last point may have changed); `undefined` when all must be drawn anew.
 */
export function drawnBefore(
  drawn: readonly { time: number }[],
  next: readonly { time: number }[],
): number | undefined {
  const last = drawn.length - 1;
  if (last < 0 || next.length < drawn.length) return undefined;
  const goesOn = next[0]?.time === drawn[0]?.time && next[last]?.time === drawn[last]?.time;
  return goesOn ? last : undefined;
}
