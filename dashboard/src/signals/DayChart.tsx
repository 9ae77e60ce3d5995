import { Code } from '@connectrpc/connect';
import { Suspense, useEffect } from 'react';

import { CandleChart, type TradeLevels } from '../charts';
import type { DateText } from '../format';
import { useApi } from '../session/session';
import { useCall } from '../state/call';
import { useFigureAge, useLedger, useStatus } from '../state/live';
import { ErrorNote, Note, Skeleton } from '../ui';

interface DayChartProps {
  readonly symbol: string;
  /** The session, New York date. */
  readonly date: DateText;
  /** Must be the same object while nothing of it changes. */
  readonly levels: TradeLevels;
}

/** How often the bars of a running session are asked for, in milliseconds. */
const REFRESH_MS = 5000;

/** Shows the bars of a symbol's day with what was traded on them. */
export function DayChart({ symbol, date, levels }: DayChartProps) {
  const api = useApi();
  const ledger = useLedger();
  const { isOld } = useFigureAge();
  const isRunning = useStatus()?.session?.date === date;
  const key = JSON.stringify([ledger?.id, symbol, date]);
  const { data, error, reload } = useCall(ledger === undefined ? null : key, (signal) =>
    api.signals.listBars({ symbol, date }, { signal }),
  );
  useEffect(() => {
    if (!isRunning || isOld) return;
    const timer = setInterval(reload, REFRESH_MS);
    return () => clearInterval(timer);
  }, [isRunning, isOld, reload]);

  if (error?.code === Code.Unimplemented) return <Note>No bars yet: this daemon does not serve them.</Note>;
  if (error?.code === Code.NotFound) return <Note>{`There are no bars of ${symbol} on ${date}.`}</Note>;
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (data === undefined) return <Skeleton className="h-full w-full" />;
  return (
    <Suspense fallback={<Skeleton className="h-full w-full" />}>
      <CandleChart symbol={symbol} bars={data.bars} levels={levels} isStale={isOld} />
    </Suspense>
  );
}
