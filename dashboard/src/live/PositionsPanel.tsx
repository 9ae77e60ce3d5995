import { clock, pnl } from '../format';
import { show } from '../app/shownDialog';
import { useMayAct } from '../session/session';
import { usePositions, useStatus } from '../state/live';
import { useIsPhone } from '../ui/useIsPhone';
import { Button, Note, Panel, Signed, Skeleton } from '../ui';
import { SessionPhase, TradingState, type GetStatusResponse, type Position } from '../wire/proto';
import { openPnl } from './figures';
import { PositionCards } from './PositionCards';
import { PositionTable } from './PositionTable';
import type { Rows } from './rows';

interface PositionsPanelProps {
  readonly rows: Rows | undefined;
  readonly selected: string | undefined;
  readonly onSelect: (tradeId: string) => void;
}

const NONE: readonly Position[] = [];

/** What is open, and what would close all of it. */
export function PositionsPanel({ rows, selected, onSelect }: PositionsPanelProps) {
  const status = useStatus();
  const positions = usePositions() ?? NONE;
  const mayAct = useMayAct();
  const isPhone = useIsPhone();
  const open = positions.length;
  const isEmpty = rows?.open.length === 0 && rows.entries.length === 0;
  return (
    <Panel
      title="Positions"
      className="max-tablet:rounded-none max-tablet:border-x-0 desktop:max-h-[62%]"
      aside={
        rows !== undefined && (
          <>
            <span>{countWords(open, status)}</span>
            {open > 0 && (
              <span className="max-tablet:hidden">
                open P&L <Signed value={openPnl(positions)} write={pnl} />
              </span>
            )}
          </>
        )
      }
      actions={
        <>
          {isPhone && open > 0 && <Signed value={openPnl(positions)} write={pnl} />}
          {mayAct && (
            <Button size="row" disabled={open === 0} onClick={() => show('flatten')}>
              Flatten all…
            </Button>
          )}
        </>
      }
    >
      {rows === undefined && <Skeleton className="m-3 h-40" />}
      {isEmpty && <Note className="min-h-28">{emptyWords(status)}</Note>}
      {rows !== undefined &&
        !isEmpty &&
        (isPhone ? (
          <PositionCards rows={rows} onSelect={onSelect} />
        ) : (
          <PositionTable rows={rows} selected={selected} onSelect={onSelect} />
        ))}
    </Panel>
  );
}

function countWords(open: number, status: GetStatusResponse | undefined): string {
  const working = status?.workingEntries ?? 0;
  const slots = status?.slots === undefined ? '' : ` · ${status.slots.total} slots`;
  return `${open} open${working > 0 ? ` · ${working} working` : ''}${slots}`;
}

/** Returns why nothing is open, and when that may change. */
export function emptyWords(status: GetStatusResponse | undefined): string {
  const session = status?.session;
  if (status === undefined || session === undefined) return 'No position is open.';
  switch (session.phase) {
    case SessionPhase.CLOSED:
      return `No session today. The next one is ${session.date}.`;
    case SessionPhase.PRE_OPEN:
      return `The market opens ${clock(session.open)}.`;
    case SessionPhase.OPENING_RANGE:
      return `Range ends ${clock(session.rangeEnd)}; entries follow.`;
    case SessionPhase.ENTRIES:
      return status.state === TradingState.ACTIVE
        ? `No position is open. ${entryTimes(session.entryCutoff)}`
        : 'No position is open, and entries are held.';
    case SessionPhase.MANAGING:
      return 'No position is open. Entries have ended for today.';
    case SessionPhase.FLATTENING:
      return 'All is flat before the close.';
    case SessionPhase.AFTER_CLOSE:
      return 'The session is over. All is flat.';
    case SessionPhase.UNSPECIFIED:
      return 'No position is open.';
  }
}

function entryTimes(cutoff: Parameters<typeof clock>[0]): string {
  return cutoff === undefined ? 'Entries are possible.' : `Entries are possible until ${clock(cutoff)}.`;
}
