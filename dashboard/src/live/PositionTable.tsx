import { heldMs, pnl, price, rMultiple, count, toMs } from '../format';
import { CloseState } from '../app/PositionRows';
import { useMayAct } from '../session/session';
import { useClosings } from '../state/closing';
import { useEngineNow } from '../state/engineClock';
import { useFigureAge } from '../state/live';
import { classes, Octagon, SideLabel, Signed } from '../ui';
import { CloseReason, type Position } from '../wire/proto';
import { CloseButton } from './CloseButton';
import { coverage, isUncovered } from './figures';
import type { OpenRow, Rows } from './rows';
import { RailHead, RRail } from './RRail';
import { WorkingRow } from './WorkingRow';

interface PositionTableProps {
  readonly rows: Rows;
  /** The trade whose chart is shown. */
  readonly selected: string | undefined;
  readonly onSelect: (tradeId: string) => void;
}

/** The open positions and the working entries. */
export function PositionTable({ rows, selected, onSelect }: PositionTableProps) {
  return (
    <div className="min-h-0 overflow-auto">
      <table role="grid" aria-label="Positions" className="w-full min-w-[880px] table-fixed">
        <thead className="sticky top-0 z-10 bg-surface">
          <tr className="h-7 text-label text-text-2 *:font-medium">
            <th className="w-[80px] pl-3 text-left">Symbol</th>
            <th className="w-[66px] text-left">Side</th>
            <th className="w-[58px] text-right">Qty</th>
            <th className="w-[66px] text-right">Entry</th>
            <th className="w-[66px] text-right">Last</th>
            <th className="w-[66px] text-right">Stop</th>
            <th className="w-[66px] text-right">Target</th>
            <th className="w-[84px] text-right">P&L</th>
            <th className="w-[64px] text-right">R</th>
            <th className="pl-5">
              <RailHead />
            </th>
            <th className="w-[66px] text-right">Held</th>
            <th className="w-[100px] pr-3 text-right">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.open.map((row) => (
            <Row
              key={row.position.tradeId}
              row={row}
              isSelected={row.position.tradeId === selected}
              onSelect={() => onSelect(row.position.tradeId)}
            />
          ))}
          {rows.entries.map((entry) => (
            <WorkingRow key={entry.signal.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly row: OpenRow;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Row({ row, isSelected, onSelect }: RowProps) {
  const { position, signal, isGone } = row;
  const { isOld } = useFigureAge();
  const closing = useClosings().get(position.tradeId);
  const isFollowed = closing !== undefined;
  return (
    <tr
      tabIndex={isSelected ? 0 : -1}
      aria-selected={isSelected}
      data-symbol={position.symbol}
      onClick={onSelect}
      className={classes(
        'h-10 cursor-pointer border-t border-line -outline-offset-2',
        isSelected ? 'bg-raised shadow-[inset_3px_0_0_var(--focus)]' : 'hover:bg-raised/60',
        isGone && 'text-text-3',
      )}
    >
      <th scope="row" className="truncate pl-3 text-left font-semibold">
        {position.symbol}
      </th>
      <td className="text-text-2">
        <SideLabel side={position.side} />
      </td>
      <td className="text-right text-text-2">{isGone ? '0' : count(position.quantity)}</td>
      <td className="text-right text-text-2">{price(position.entryPrice)}</td>
      <td className={classes('text-right', isOld ? 'text-text-2' : 'font-semibold')}>
        {price(position.lastPrice)}
      </td>
      <td className="text-right text-text-2">
        <StopPrice position={position} />
      </td>
      <td className="text-right text-text-2">{price(position.targetPrice)}</td>
      {isFollowed ? (
        <td colSpan={3} className="truncate pl-3 text-right">
          <CloseState closing={closing} now={isGone ? undefined : position} />
        </td>
      ) : (
        <>
          <td className="text-right">
            <Signed className="font-medium" value={position.unrealizedPnl} write={pnl} />
          </td>
          <td className="text-right">
            <Signed value={position.unrealizedR} write={rMultiple} />
          </td>
          <td className="pl-5">
            <RRail position={position} signal={signal} />
          </td>
        </>
      )}
      <td className="text-right text-text-2">
        <Held position={position} />
      </td>
      <td className="pr-3 text-right">
        <RowAction row={row} />
      </td>
    </tr>
  );
}

/** A stop that does not cover the whole position is the first thing to see of it. */
function StopPrice({ position }: { readonly position: Position }) {
  if (!isUncovered(position) || position.closing) return price(position.stopPrice);
  return (
    <span className="text-danger" title={`The stop covers ${coverage(position)}`}>
      <Octagon className="size-2.5" /> {coverage(position)}
    </span>
  );
}

function RowAction({ row }: { readonly row: OpenRow }) {
  const mayAct = useMayAct();
  const { position, isGone } = row;
  if (isGone) return null;
  if (mayAct) return <CloseButton position={position} className="w-20" />;
  return position.closing ? <span className="text-text-2">{closeWord(position.closingReason)}</span> : null;
}

function closeWord(reason: CloseReason | undefined): string {
  return `closing${reason === undefined ? '' : `, ${CloseReason[reason].toLowerCase().replace('_', ' ')}`}`;
}

/** How long a position has been open, on the engine's clock. */
export function Held({ position }: { readonly position: Position }) {
  const now = toMs(useEngineNow());
  const since = toMs(position.entryTime);
  return now === undefined || since === undefined ? '–' : heldMs(Math.max(0, now - since));
}
