/** The equity of sessions over time with returns and drawdown. Pure. */

import { addDays, type DateText, fromMicros, midnight, toGeometry, toMicros } from '../format';

/** The account at one session's end, as the API sends it. */
export interface EquitySource {
  readonly date: DateText;
  readonly equity: string;
  readonly netPnl: string;
  readonly drawdown: string;
  /** Absent where the equity at the open is unknown. */
  readonly dailyReturn?: number | undefined;
}

/** One point for the canvas: a date's midnight in UTC, in seconds since 1970. */
export interface EquityPlot {
  readonly time: number;
  readonly equity: number;
  /** In percent. Absent at the start and where it is unknown. */
  readonly dailyReturn: number | undefined;
  /** Zero or below. */
  readonly drawdown: number;
}

/** What a curve comes to. */
export interface EquitySummary {
  readonly sessions: number;
  /** The equity before the first session, a decimal string. */
  readonly start: string;
  /** The equity after the last one. */
  readonly end: string;
  /** The sum of the sessions' results. */
  readonly net: string;
  /** The session with the deepest drawdown. */
  readonly deepest: EquitySource;
}

/** Returns the equity before the first session; `undefined` without sessions. */
export function startEquity(sources: readonly EquitySource[]): string | undefined {
  const first = sources[0];
  if (first === undefined) return undefined;
  return fromMicros((toMicros(first.equity) ?? 0n) - (toMicros(first.netPnl) ?? 0n));
}

/** Returns the points with the start, a day before the first session, in front of them. */
export function equityPlot(sources: readonly EquitySource[]): EquityPlot[] {
  const [first, start] = [sources[0], toGeometry(startEquity(sources))];
  if (first === undefined || start === undefined) return [];
  const before = {
    time: seconds(addDays(first.date, -1)),
    equity: start,
    dailyReturn: undefined,
    drawdown: 0,
  };
  return [before, ...sources.map(plot)];
}

/** Returns what the curve comes to; `undefined` without sessions. */
export function equitySummary(sources: readonly EquitySource[]): EquitySummary | undefined {
  const [first, last, start] = [sources[0], sources.at(-1), startEquity(sources)];
  if (first === undefined || last === undefined || start === undefined) return undefined;
  const net = sources.reduce((total, source) => total + (toMicros(source.netPnl) ?? 0n), 0n);
  const deepest = sources.reduce((deep, source) =>
    (toMicros(source.drawdown) ?? 0n) > (toMicros(deep.drawdown) ?? 0n) ? source : deep,
  );
  return { sessions: sources.length, start, end: last.equity, net: fromMicros(net), deepest };
}

function plot(source: EquitySource): EquityPlot {
  const drawdown = toGeometry(source.drawdown) ?? 0;
  return {
    time: seconds(source.date),
    equity: toGeometry(source.equity) ?? 0,
    dailyReturn: source.dailyReturn === undefined ? undefined : source.dailyReturn * 100,
    drawdown: drawdown === 0 ? 0 : -drawdown,
  };
}

function seconds(date: DateText): number {
  return midnight(date) / 1000;
}
