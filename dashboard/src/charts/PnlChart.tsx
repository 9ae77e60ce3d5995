import {
  BaselineSeries,
  createSeriesMarkers,
  type IPriceLine,
  LineStyle,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useMemo } from 'react';

import { clockOfMs, pnl } from '../format';
import { axisClock, axisInstant, axisPnl } from './axis';
import { Canvas, type Draw } from './Canvas';
import { ChartFigure, ChartTable } from './ChartFigure';
import { type ChartColors, faded } from './colors';
import {
  drawnBefore,
  exitMarks,
  isNearLimit,
  type PnlExit,
  type PnlPoint,
  type PnlSource,
  pnlExtremes,
  pnlPoints,
} from './intraday';

interface PnlChartProps {
  /** Oldest first. */
  readonly points: readonly PnlSource[];
  readonly exits?: readonly PnlExit[];
  /** The daily loss limit in US dollars, positive; drawn once half of it is used. Absent when unknown. */
  readonly lossLimit?: string | undefined;
  readonly isStale?: boolean;
  /** What the curve is of. */
  readonly label?: string;
}

interface PnlData {
  readonly points: readonly PnlPoint[];
  readonly exits: readonly PnlExit[];
  readonly limit: number | undefined;
}

const TABLE_ROWS_MAX = 60;

/** Shows the session's P&L as a curve about zero: gain above it, loss below it. */
export default function PnlChart({
  points,
  exits = NO_EXITS,
  lossLimit,
  isStale,
  label = 'P&L today',
}: PnlChartProps) {
  const data = useMemo<PnlData>(() => {
    const drawn = pnlPoints(points);
    const isNear = isNearLimit(pnlExtremes(drawn)?.low.pnl ?? '0', lossLimit);
    return { points: drawn, exits, limit: isNear ? -Number(lossLimit) : undefined };
  }, [points, exits, lossLimit]);
  return (
    <ChartFigure label={label} summary={summary(data.points)} table={() => table(data.points)}>
      <Canvas draw={draw} data={data} isStale={isStale ?? false} options={OPTIONS} />
    </ChartFigure>
  );
}

const NO_EXITS: readonly PnlExit[] = [];
const OPTIONS = {
  localization: { timeFormatter: (time: Time) => axisInstant(Number(time)) },
  timeScale: {
    timeVisible: true,
    secondsVisible: false,
    rightOffset: 4,
    fixLeftEdge: true,
    minBarSpacing: 0.01,
    tickMarkFormatter: (time: Time) => axisClock(Number(time)),
  },
};

const draw: Draw<PnlData> = (chart) => {
  const series = chart.addSeries(BaselineSeries, {
    baseValue: { type: 'price', price: 0 },
    lineWidth: 2,
    priceFormat: { type: 'custom', formatter: axisPnl, minMove: 0.01 },
    autoscaleInfoProvider: (original: () => Scale | null) => aboutZero(original()),
  });
  const markers = createSeriesMarkers(series, [], { autoScale: false });
  let colors: ChartColors | undefined;
  let data: PnlData = { points: [], exits: [], limit: undefined };
  let limit: IPriceLine | undefined;
  const decorate = () => {
    if (colors === undefined) return;
    markers.setMarkers(dots(data, colors.text, chart.timeScale().width()));
    if (limit !== undefined) series.removePriceLine(limit);
    limit = undefined;
    if (data.limit === undefined) return;
    const line = { color: colors.danger, lineWidth: 2 as const, lineStyle: LineStyle.Solid };
    limit = series.createPriceLine({
      price: data.limit,
      title: 'loss limit',
      axisLabelVisible: true,
      ...line,
    });
  };
  return {
    show: (next) => {
      const before = drawnBefore(data.points, next.points);
      if (before === undefined) series.setData(next.points.map(toPlot));
      else for (const point of next.points.slice(before)) series.update(toPlot(point));
      data = next;
      decorate();
      chart.timeScale().fitContent();
    },
    paint: (next) => {
      colors = next;
      const { gain, loss } = next;
      series.applyOptions({
        topLineColor: gain,
        topFillColor1: faded(gain, 0.16),
        topFillColor2: faded(gain, 0.02),
        bottomLineColor: loss,
        bottomFillColor1: faded(loss, 0.02),
        bottomFillColor2: faded(loss, 0.16),
        baseLineColor: next.edge,
      });
      decorate();
    },
  };
};

interface Scale {
  priceRange: { minValue: number; maxValue: number } | null;
}

/** Cents about zero are no mountains: the scale is never finer than so many dollars to either side. */
const FINEST = 10;

function aboutZero<S extends Scale>(scale: S | null): S | null {
  if (!scale?.priceRange) return scale;
  const minValue = Math.min(scale.priceRange.minValue, -FINEST);
  const maxValue = Math.max(scale.priceRange.maxValue, FINEST);
  return { ...scale, priceRange: { minValue, maxValue } };
}

function toPlot(point: PnlPoint) {
  return { time: point.time as UTCTimestamp, value: point.value };
}

/** A dot stands on the curve at each exit, its label away from zero; labels that would run into each other are left out. */
function dots({ points, exits }: PnlData, color: string, width: number): SeriesMarker<Time>[] {
  return exitMarks(points, exits, width).flatMap(({ point, label }) => {
    const time = point.time as UTCTimestamp;
    const dot: SeriesMarker<Time> = { time, position: 'inBar', shape: 'circle', color, size: 0.6 };
    if (label === undefined) return [dot];
    const position = point.value < 0 ? 'belowBar' : 'aboveBar';
    return [dot, { time, position, shape: 'circle', color, size: 0, text: label }];
  });
}

function summary(points: readonly PnlPoint[]): string {
  const extremes = pnlExtremes(points);
  if (extremes === undefined) return 'There are no points yet.';
  const { high, low, last } = extremes;
  const at = (point: PnlPoint) => `${pnl(point.pnl)} at ${clockOfMs(point.time * 1000)}`;
  return `Now ${at(last)}; the highest was ${at(high)}, the lowest ${at(low)}, New York time.`;
}

function table(points: readonly PnlPoint[]) {
  const step = Math.max(1, Math.ceil(points.length / TABLE_ROWS_MAX));
  const rows = points
    .filter((_, index) => index % step === 0 || index === points.length - 1)
    .map((point) => [clockOfMs(point.time * 1000), pnl(point.pnl)]);
  return <ChartTable caption="P&L over the session" columns={['Time', 'P&L']} rows={rows.reverse()} />;
}
