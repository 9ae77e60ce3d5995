import { useMemo } from 'react';

import { count, decimal } from '../format';
import { ChartFigure, ChartTable } from './ChartFigure';
import { distribution, type Bin } from './distribution';
import { useSize } from './useSize';

interface RHistogramProps {
  /** R multiples of closed trades; absent ones are left out. */
  readonly multiples: readonly (string | undefined)[];
  readonly isStale?: boolean;
}

/** Space in pixels: for the counts above, for the labels below, at the sides. */
const TOP_PX = 18;
const BOTTOM_PX = 22;
const SIDE_PX = 22;
const LABEL_PX = 34;

/** Shows how R multiples spread, in steps of half an R: losses left of zero, gains right. */
export function RHistogram({ multiples, isStale = false }: RHistogramProps) {
  const bins = useMemo(() => distribution(multiples), [multiples]);
  const [place, { width, height }] = useSize();
  return (
    <ChartFigure label="Distribution of R" summary={summary(bins)} table={() => table(bins)}>
      <div ref={place} className="h-full w-full" aria-hidden="true">
        {width > 0 && <Bars bins={bins} width={width} height={height} isStale={isStale} />}
      </div>
    </ChartFigure>
  );
}

interface BarsProps {
  readonly bins: readonly Bin[];
  readonly width: number;
  readonly height: number;
  readonly isStale: boolean;
}

function Bars({ bins, width, height: tall, isStale }: BarsProps) {
  const step = (width - 2 * SIDE_PX) / Math.max(1, bins.length);
  const most = bins.reduce((top, bin) => Math.max(top, bin.count), 1);
  const labelEvery = Math.max(1, Math.ceil(LABEL_PX / step));
  const floor = tall - BOTTOM_PX;
  const zero = bins.findIndex((bin) => !bin.isLoss);
  return (
    <svg width={width} height={tall} className="block">
      {bins.map((bin, index) => {
        const height = ((floor - TOP_PX) * bin.count) / most;
        const left = SIDE_PX + index * step;
        const tone = isStale ? 'fill-text-3' : bin.isLoss ? 'fill-loss' : 'fill-gain';
        const isLabelled = (index - zero) % labelEvery === 0;
        return (
          <g key={bin.from ?? 'below'}>
            <rect
              x={left + 1}
              y={floor - height}
              width={Math.max(1, step - 2)}
              height={height}
              className={tone}
            />
            {bin.count > 0 && (
              <text
                x={left + step / 2}
                y={floor - height - 5}
                textAnchor="middle"
                className="fill-text text-label"
              >
                {bin.count}
              </text>
            )}
            {isLabelled && bin.from !== undefined && (
              <text x={left} y={tall - 6} textAnchor="middle" className="fill-text-2 text-label">
                {edge(bin.from)}
              </text>
            )}
          </g>
        );
      })}
      <line x1={SIDE_PX} x2={width - SIDE_PX} y1={floor + 0.5} y2={floor + 0.5} className="stroke-edge" />
      <line
        x1={SIDE_PX + zero * step}
        x2={SIDE_PX + zero * step}
        y1={TOP_PX}
        y2={floor + 4}
        className="stroke-text-3"
      />
    </svg>
  );
}

function edge(text: string): string {
  return text === '0' ? '0' : `${decimal(text, text.includes('.') ? 1 : 0)}R`;
}

function range({ from, to }: Bin): string {
  if (from === undefined) return `below ${edge(to ?? '')}`;
  return to === undefined ? `${edge(from)} and above` : `${edge(from)} to ${edge(to)}`;
}

function summary(bins: readonly Bin[]): string {
  const trades = bins.reduce((total, bin) => total + bin.count, 0);
  if (trades === 0) return 'No closed trade of this range has an R multiple.';
  const losses = bins.reduce((total, bin) => total + (bin.isLoss ? bin.count : 0), 0);
  const fullest = bins.reduce((most, bin) => (bin.count > most.count ? bin : most));
  return `${count(trades)} trades, ${count(losses)} below zero; most, ${count(fullest.count)}, at ${range(fullest)}.`;
}

function table(bins: readonly Bin[]) {
  const rows = bins.map((bin) => [range(bin), count(bin.count)]);
  return <ChartTable caption="Trades by R multiple" columns={['R', 'Trades']} rows={rows} />;
}
