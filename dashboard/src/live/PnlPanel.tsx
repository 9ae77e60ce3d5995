import { Suspense, useMemo } from 'react';

import { PnlChart, pnlExtremes, pnlPoints, type PnlExit } from '../charts';
import { pnl, rMultiple } from '../format';
import { useDayPnl, useEquity, useFigureAge, useStatus } from '../state/live';
import { Note, Panel, Signed, Skeleton } from '../ui';
import type { Trade } from '../wire/proto';
import { emptyWords } from './PositionsPanel';

/** The day's P&L as a curve, in real time, with the ends of trades on it. */
export function PnlPanel({ trades }: { readonly trades: readonly Trade[] | undefined }) {
  const points = useEquity();
  const day = useDayPnl();
  const status = useStatus();
  const { isOld } = useFigureAge();
  const extremes = useMemo(() => pnlExtremes(pnlPoints(points ?? [])), [points]);
  const exits = useMemo(() => exitsOf(trades ?? []), [trades]);
  return (
    <Panel
      title="P&L today"
      className="min-h-64 flex-1 max-tablet:rounded-none max-tablet:border-x-0"
      aside={
        extremes !== undefined && (
          <span className="max-tablet:hidden">
            high {pnl(extremes.high.pnl)} · low {pnl(extremes.low.pnl)}
          </span>
        )
      }
      actions={
        day !== undefined && (
          <span className="text-text-2">
            realised <Signed value={day.realized} write={pnl} /> · open{' '}
            <Signed value={day.unrealized} write={pnl} />
          </span>
        )
      }
    >
      <div className="relative min-h-0 flex-1">
        {points === undefined && <Skeleton className="absolute inset-3" />}
        {points?.length === 0 && <Note className="h-full">{emptyWords(status)}</Note>}
        {points !== undefined && points.length > 0 && (
          <Suspense fallback={<Skeleton className="absolute inset-3" />}>
            <div className="absolute inset-0">
              <PnlChart points={points} exits={exits} lossLimit={status?.lossLimit?.limit} isStale={isOld} />
            </div>
          </Suspense>
        )}
      </div>
    </Panel>
  );
}

function exitsOf(trades: readonly Trade[]): PnlExit[] {
  return trades.flatMap(({ exitTime, symbol, rMultiple: r }) =>
    exitTime === undefined
      ? []
      : [{ time: exitTime, label: r === undefined ? symbol : `${symbol} ${rMultiple(r)}` }],
  );
}
