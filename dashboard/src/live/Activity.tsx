import { useMemo } from 'react';

import { pnl } from '../format';
import { useFills, useSignals, useStatus } from '../state/live';
import { classes, Note, Panel, Signed, Skeleton, Time } from '../ui';
import type { Trade } from '../wire/proto';
import { happenings } from './happenings';
import { emptyWords } from './PositionsPanel';

/** As many as fit without scrolling. */
const MOST = 8;

/** What happened lately. */
export function Activity({ trades }: { readonly trades: readonly Trade[] | undefined }) {
  const signals = useSignals();
  const fills = useFills();
  const status = useStatus();
  const last = useMemo(
    () => signals && fills && happenings(signals, fills, trades ?? [], MOST),
    [signals, fills, trades],
  );
  const counts =
    status && signals && `${signals.length} signals · ${status.dayTrades + status.openPositions} trades`;
  return (
    <Panel
      title="Activity"
      className="h-[254px] shrink-0"
      actions={<span className="text-text-2">{counts}</span>}
    >
      {last === undefined && <Skeleton className="m-3 h-40" />}
      {last?.length === 0 && <Note>{emptyWords(status)}</Note>}
      {last !== undefined && last.length > 0 && (
        <ol className="overflow-y-auto py-0.5">
          {last.map(({ key, time, kind, text, pnl: result }) => (
            <li key={key} className="flex h-[26.5px] items-center gap-3 px-3">
              <Time at={time} isInRow className="text-text-3" />
              <span className="w-11 shrink-0 text-text-2">{kind}</span>
              <span className={classes('min-w-0 truncate', kind === 'Signal' && 'text-text-2')} title={text}>
                {text}
              </span>
              {result !== undefined && <Signed className="ml-auto" value={result} write={pnl} />}
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
