import {
  CandlestickSeries,
  createSeriesMarkers,
  LineStyle,
  type IPriceLine,
  type ISeriesApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useMemo } from 'react';

import { clock, clockOfMs, price, toGeometry, toMs } from '../format';
import { axisClock, axisInstant, axisPrice } from './axis';
import { candles, minutesCovered, minutesPerBar, type BarSource, type Candle } from './bars';
import { Canvas, type Draw } from './Canvas';
import { ChartFigure, ChartTable } from './ChartFigure';
import { faded, type ChartColors } from './colors';
import { candleAt, pricesInView, shapes, type TradeLevels } from './levels';
import { Overlay } from './overlay';
import { useSize } from './useSize';

interface CandleChartProps {
  readonly symbol: string;
  /** Bars of a minute, oldest first. */
  readonly bars: readonly BarSource[];
  /** Opening range, levels and fills; must be the same object while nothing of it changes. */
  readonly levels: TradeLevels;
  readonly isStale?: boolean;
}

interface CandleData {
  readonly bars: readonly BarSource[];
  readonly candles: readonly Candle[];
  readonly levels: TradeLevels;
}

/** The width that the price scale takes, in pixels. */
const SCALE_PX = 64;

/** Shows a symbol's day: bars in grey, the opening range, entry, stop, target and fills. */
export default function CandleChart({ symbol, bars, levels, isStale = false }: CandleChartProps) {
  const [place, { width }] = useSize();
  const minutes = minutesPerBar(minutesCovered(bars), Math.max(0, width - SCALE_PX));
  const data = useMemo(() => ({ bars, candles: candles(bars, minutes), levels }), [bars, minutes, levels]);
  const label = `${symbol}, bars of ${minutes} min`;
  return (
    <ChartFigure label={label} summary={summary(symbol, data)} table={() => table(data.candles)}>
      <div ref={place} className="relative h-full">
        <Canvas draw={draw} data={data} options={OPTIONS} isStale={isStale} />
        <p
          className="absolute right-0 bottom-1.5 z-2 w-16 text-center text-label text-text-3"
          aria-hidden="true"
        >{`${minutes} min`}</p>
      </div>
    </ChartFigure>
  );
}

const OPTIONS = {
  localization: { timeFormatter: (time: Time) => axisInstant(Number(time)), priceFormatter: axisPrice },
  rightPriceScale: { minimumWidth: SCALE_PX, scaleMargins: { top: 0.08, bottom: 0.08 } },
  timeScale: {
    timeVisible: true,
    secondsVisible: false,
    rightOffset: 3,
    minBarSpacing: 1,
    fixLeftEdge: true,
    tickMarkFormatter: (time: Time) => axisClock(Number(time)),
  },
};

const draw: Draw<CandleData> = (chart) => {
  let data: CandleData = { bars: [], candles: [], levels: {} };
  let colors: ChartColors | undefined;
  let lines: IPriceLine[] = [];
  const series = chart.addSeries(CandlestickSeries, {
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: { type: 'custom', formatter: axisPrice, minMove: 0.0001 },
    autoscaleInfoProvider: (original: () => Scale | null) => widened(original(), pricesInView(data.levels)),
  });
  const overlay = new Overlay();
  series.attachPrimitive(overlay);
  const markers = createSeriesMarkers(series, [], { autoScale: false });
  const decorate = () => {
    if (colors === undefined) return;
    overlay.show(shapes(data.bars, data.candles, data.levels, shapeColors(colors)));
    for (const line of lines) series.removePriceLine(line);
    lines = levelLines(series, data, colors);
    markers.setMarkers(arrows(data, colors.text));
  };
  return {
    show: (next) => {
      const isOther =
        next.candles[0]?.time !== data.candles[0]?.time || next.candles.length !== data.candles.length;
      data = next;
      series.setData(next.candles.map((candle) => ({ ...candle, time: candle.time as UTCTimestamp })));
      decorate();
      if (isOther) chart.timeScale().fitContent();
    },
    paint: (next) => {
      colors = next;
      series.applyOptions({
        upColor: next.surface,
        downColor: next.text3,
        borderUpColor: next.text3,
        borderDownColor: next.text3,
        wickUpColor: next.text3,
        wickDownColor: next.text3,
      });
      decorate();
    },
  };
};

interface Scale {
  priceRange: { minValue: number; maxValue: number } | null;
}

/** The levels stay in view, however far the bars are from them. */
function widened<S extends Scale>(scale: S | null, prices: readonly number[]): S | null {
  if (!scale?.priceRange) return scale;
  const minValue = Math.min(scale.priceRange.minValue, ...prices);
  const maxValue = Math.max(scale.priceRange.maxValue, ...prices);
  return { ...scale, priceRange: { minValue, maxValue } };
}

function shapeColors(colors: ChartColors) {
  return {
    range: faded(colors.text3, 0.22),
    rangeLine: colors.text3,
    gain: faded(colors.gain, 0.1),
    loss: faded(colors.loss, 0.1),
  };
}

function levelLines(
  series: ISeriesApi<'Candlestick'>,
  { levels, candles: all }: CandleData,
  colors: ChartColors,
): IPriceLine[] {
  const wanted = [
    { title: 'entry', text: levels.entryPrice, color: colors.text, lineWidth: 1, lineStyle: LineStyle.Solid },
    {
      title: 'stop \u22121R',
      text: levels.stopPrice,
      color: colors.loss,
      lineWidth: 2,
      lineStyle: LineStyle.Dashed,
    },
    {
      title: 'target',
      text: levels.targetPrice,
      color: colors.gain,
      lineWidth: 1,
      lineStyle: LineStyle.Dashed,
    },
  ] as const;
  const lines = wanted.flatMap(({ text, color, ...line }) => {
    const level = toGeometry(text);
    if (level === undefined) return [];
    const label = { axisLabelVisible: true, axisLabelColor: color, axisLabelTextColor: colors.surface };
    return [series.createPriceLine({ ...line, ...label, color, price: level })];
  });
  const last = toGeometry(levels.lastPrice) ?? all.at(-1)?.close;
  if (last === undefined) return lines;
  const label = { axisLabelColor: colors.text3, axisLabelTextColor: colors.surface };
  return [
    ...lines,
    series.createPriceLine({ ...label, price: last, title: '', color: colors.text3, lineVisible: false }),
  ];
}

/** An arrow stands at the price of the fill, in the bar that holds it. */
function arrows({ candles: all, levels }: CandleData, color: string): SeriesMarker<Time>[] {
  const found: SeriesMarker<Time>[] = [];
  for (const fill of levels.fills ?? []) {
    const time = candleAt(all, Math.floor((toMs(fill.time) ?? 0) / 1000));
    const at = toGeometry(fill.price);
    if (time === undefined || at === undefined) continue;
    const form = fill.isBuy
      ? ({ position: 'atPriceBottom', shape: 'arrowUp' } as const)
      : ({ position: 'atPriceTop', shape: 'arrowDown' } as const);
    found.push({ ...form, time: time as UTCTimestamp, price: at, color, size: 1 });
  }
  return found.sort((left, right) => Number(left.time) - Number(right.time));
}

function summary(symbol: string, { candles: all, levels }: CandleData): string {
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return `There are no bars of ${symbol}.`;
  const at = (candle: Candle) => clockOfMs(candle.time * 1000).slice(0, 5);
  const parts = [`${symbol} from ${at(first)} to ${at(last)}, last at ${axisPrice(last.close)}`];
  const { range, entryPrice, entryTime, stopPrice, targetPrice, side } = levels;
  if (range !== undefined) parts.push(`opening range ${price(range.low)} to ${price(range.high)}`);
  if (entryPrice !== undefined)
    parts.push(`${side ?? 'entry'} from ${price(entryPrice)} at ${clock(entryTime)}`);
  if (stopPrice !== undefined) parts.push(`stop ${price(stopPrice)}`);
  if (targetPrice !== undefined) parts.push(`target ${price(targetPrice)}`);
  return `${parts.join('; ')}.`;
}

function table(all: readonly Candle[]) {
  const rows = all.map((candle) => [
    clockOfMs(candle.time * 1000).slice(0, 5),
    ...[candle.open, candle.high, candle.low, candle.close].map(axisPrice),
  ]);
  return (
    <ChartTable caption="Bars" columns={['Start', 'Open', 'High', 'Low', 'Close']} rows={rows.reverse()} />
  );
}
