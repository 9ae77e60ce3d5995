import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useState } from 'react';

import { ABSENT, heldMs, pnl, price, rMultiple, count, toMs } from '../format';
import { CloseState } from '../app/PositionRows';
import { useMayAct } from '../session/session';
import { useClosings, type Closing } from '../state/closing';
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

/** Up to so many rows all are drawn; of more only those in view. */
const ALL_DRAWN_MAX = 40;
const ROW_PX = 40;

/** The open positions and the working entries. */
export function PositionTable({ rows, selected, onSelect }: PositionTableProps) {
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const nowMs = toMs(useEngineNow());
  const { isOld } = useFigureAge();
  const closings = useClosings();
  const isLong = rows.open.length > ALL_DRAWN_MAX;
  // eslint-disable-next-line react-hooks/incompatible-library -- its rows are drawn here and kept nowhere
  const virtual = useVirtualizer({
    count: isLong ? rows.open.length : 0,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const inView = virtual.getVirtualItems();
  const [from, to] = isLong
    ? [inView[0]?.index ?? 0, (inView.at(-1)?.index ?? -1) + 1]
    : [0, rows.open.length];
  return (
    <div ref={setScroller} className="min-h-0 overflow-auto">
      <table role="grid" aria-label="Positions" className="w-full min-w-[880px] table-fixed">
        <Head />
        <tbody>
          <Space rows={from} />
          {rows.open.slice(from, to).map((row) => (
            <Row
              key={row.position.tradeId}
              position={row.position}
              signal={row.signal}
              isGone={row.isGone}
              isSelected={row.position.tradeId === selected}
              isOld={isOld}
              closing={closings.get(row.position.tradeId)}
              heldFor={heldFor(row.position, nowMs)}
              onSelect={onSelect}
            />
          ))}
          <Space rows={rows.open.length - to} />
          {rows.entries.map((entry) => (
            <WorkingRow key={entry.signal.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Stands for rows that are out of view. */
function Space({ rows }: { readonly rows: number }) {
  return rows <= 0 ? null : <tr aria-hidden style={{ height: rows * ROW_PX }} />;
}

function Head() {
  return (
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
  );
}

interface RowProps extends OpenRow {
  readonly isSelected: boolean;
  readonly isOld: boolean;
  /** The close that somebody on this page has asked for; absent when nobody has. */
  readonly closing: Closing | undefined;
  /** How long it has been open, as text. */
  readonly heldFor: string;
  readonly onSelect: (tradeId: string) => void;
}

/** A row is drawn anew only when something of it has changed. */
const Row = memo(function Row(props: RowProps) {
  const { position, signal, isGone, isSelected, isOld, closing, heldFor: held, onSelect } = props;
  return (
    <tr
      tabIndex={isSelected ? 0 : -1}
      aria-selected={isSelected}
      data-symbol={position.symbol}
      onClick={() => onSelect(position.tradeId)}
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
      {closing !== undefined ? (
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
      <td className="text-right text-text-2">{held}</td>
      <td className="pr-3 text-right">
        <RowAction position={position} isGone={isGone} />
      </td>
    </tr>
  );
});

/** A stop that does not cover the whole position is the first thing to see of it. */
function StopPrice({ position }: { readonly position: Position }) {
  if (!isUncovered(position) || position.closing) return price(position.stopPrice);
  return (
    <span className="text-danger" title={`The stop covers ${coverage(position)}`}>
      <Octagon className="size-2.5" /> {coverage(position)}
    </span>
  );
}

function RowAction({ position, isGone }: Pick<OpenRow, 'position' | 'isGone'>) {
  const mayAct = useMayAct();
  if (isGone) return null;
  if (mayAct) return <CloseButton position={position} className="w-20" />;
  return position.closing ? <span className="text-text-2">{closeWord(position.closingReason)}</span> : null;
}

function closeWord(reason: CloseReason | undefined): string {
  return `closing${reason === undefined ? '' : `, ${CloseReason[reason].toLowerCase().replace('_', ' ')}`}`;
}

/** Returns how long a position has been open, on the engine's clock, as text. */
function heldFor(position: Position, nowMs: number | undefined): string {
  const since = toMs(position.entryTime);
  return nowMs === undefined || since === undefined ? ABSENT : heldMs(Math.max(0, nowMs - since));
}
