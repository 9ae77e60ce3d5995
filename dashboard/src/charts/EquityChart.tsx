import {
  BaselineSeries,
  HistogramSeries,
  type IChartApi,
  LineSeries,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useMemo, useState } from 'react';

import { money, plural, pnl, signedPercent, type DateText } from '../format';
import { axisDate, axisDay, axisMoney, axisPercent, axisPnl } from './axis';
import { Canvas, type Draw } from './Canvas';
import { ChartFigure, ChartTable } from './ChartFigure';
import { type ChartColors, faded } from './colors';
import { type EquityPlot, type EquitySource, equityPlot, equitySummary } from './equity';

interface EquityChartProps {
  /** One point a session, oldest first. */
  readonly points: readonly EquitySource[];
  /** The session that goes on; absent when none does. */
  readonly running?: DateText | undefined;
  readonly isStale?: boolean;
}

/** Shows equity about its start, below it the returns of the days and the drawdown, over one axis of dates. */
export default function EquityChart({ points, running, isStale = false }: EquityChartProps) {
  const [hovered, setHovered] = useState<number>();
  const data = useMemo(() => equityPlot(points), [points]);
  const shown = hovered === undefined ? undefined : points.find((point) => point.date === axisDate(hovered));
  return (
    <ChartFigure
      label="Equity, daily returns and drawdown"
      summary={summary(points)}
      table={() => table(points)}
    >
      <div className="flex h-full flex-col">
        <Legend point={shown ?? points.at(-1)} running={running} />
        <div className="min-h-0 flex-1">
          <Canvas draw={draw} data={data} options={OPTIONS} isStale={isStale} onHover={setHovered} />
        </div>
      </div>
    </ChartFigure>
  );
}

const OPTIONS = {
  localization: { timeFormatter: (time: Time) => axisDate(Number(time)) },
  timeScale: {
    fixLeftEdge: true,
    fixRightEdge: true,
    // A few sessions are columns, not walls.
    maxBarSpacing: 160,
    tickMarkFormatter: (time: Time) => axisDay(Number(time)),
  },
};
const HEIGHTS = [5, 2, 2] as const;

const draw: Draw<readonly EquityPlot[]> = (chart) => {
  const equity = chart.addSeries(
    BaselineSeries,
    { lineWidth: 2, priceFormat: custom(axisMoney), priceLineVisible: false },
    0,
  );
  const returns = chart.addSeries(HistogramSeries, { priceFormat: custom(axisPercent), ...quiet }, 1);
  const drawdown = chart.addSeries(
    BaselineSeries,
    { lineWidth: 1, priceFormat: custom(axisPnl), ...quiet },
    2,
  );
  // The dates are those of all points, also where a return is unknown.
  const dates = chart.addSeries(LineSeries, { visible: false, ...quiet }, 1);
  share(chart);
  let points: readonly EquityPlot[] = [];
  let colors: ChartColors | undefined;
  const bars = () => {
    if (colors === undefined) return;
    const { gain, loss } = colors;
    returns.setData(
      points.flatMap(({ time, dailyReturn: value }) =>
        value === undefined ? [] : [{ time: time as UTCTimestamp, value, color: value < 0 ? loss : gain }],
      ),
    );
  };
  return {
    show: (next) => {
      points = next;
      const start = next[0]?.equity ?? 0;
      equity.applyOptions({ baseValue: { type: 'price', price: start } });
      equity.setData(next.map(({ time, equity: value }) => ({ time: time as UTCTimestamp, value })));
      drawdown.setData(next.map(({ time, drawdown: value }) => ({ time: time as UTCTimestamp, value })));
      dates.setData(next.map(({ time }) => ({ time: time as UTCTimestamp, value: 0 })));
      bars();
      chart.timeScale().fitContent();
    },
    paint: (next) => {
      colors = next;
      equity.applyOptions(about(next, 0.14));
      drawdown.applyOptions({ ...about(next, 0.24), baseValue: { type: 'price', price: 0 } });
      bars();
    },
  };
};

const quiet = { lastValueVisible: false, priceLineVisible: false };

function custom(formatter: (value: number) => string) {
  return { type: 'custom' as const, formatter, minMove: 0.01 };
}

function share(chart: IChartApi): void {
  chart.panes().forEach((pane, index) => pane.setStretchFactor(HEIGHTS[index] ?? 1));
}

function about({ gain, loss }: ChartColors, opacity: number) {
  return {
    topLineColor: gain,
    topFillColor1: faded(gain, opacity),
    topFillColor2: faded(gain, 0.02),
    bottomLineColor: loss,
    bottomFillColor1: faded(loss, 0.02),
    bottomFillColor2: faded(loss, opacity),
  };
}

interface LegendProps {
  readonly point: EquitySource | undefined;
  readonly running: DateText | undefined;
}

/** The figures of the day under the crosshair, of the last day otherwise. */
function Legend({ point, running }: LegendProps) {
  if (point === undefined) return null;
  return (
    <p className="flex flex-wrap justify-end gap-x-3 px-3 pt-2 text-label text-text-2" aria-hidden="true">
      <span>{point.date === running ? `${point.date}, closed trades so far` : point.date}</span>
      <span>
        equity <b className="font-medium text-text">{money(point.equity)}</b>
      </span>
      <span>
        day{' '}
        <b className="font-medium text-text">
          {pnl(point.netPnl)} {signedPercent(point.dailyReturn)}
        </b>
      </span>
      <span>
        drawdown <b className="font-medium text-text">{money(point.drawdown)}</b>
      </span>
    </p>
  );
}

function summary(points: readonly EquitySource[]): string {
  const all = equitySummary(points);
  if (all === undefined) return 'There are no sessions in this range.';
  const { sessions, start, end, net, deepest } = all;
  const fall = `the largest drawdown was ${money(deepest.drawdown)} on ${deepest.date}`;
  return `From ${money(start)} to ${money(end)} in ${plural(sessions, 'session')}, ${pnl(net)}; ${fall}.`;
}

function table(points: readonly EquitySource[]) {
  const columns = ['Date', 'Equity', 'Result', 'Return', 'Drawdown'];
  const rows = points.map((point) => [
    point.date,
    money(point.equity),
    pnl(point.netPnl),
    signedPercent(point.dailyReturn),
    money(point.drawdown),
  ]);
  return <ChartTable caption="Equity by session" columns={columns} rows={rows.reverse()} />;
}
