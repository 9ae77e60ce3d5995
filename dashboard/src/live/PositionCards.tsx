import { count, pnl, price, rMultiple } from '../format';
import { CloseState } from '../app/PositionRows';
import { useClosings } from '../state/closing';
import { SideLabel, Signed } from '../ui';
import type { OpenRow, Rows } from './rows';
import { RRail } from './RRail';
import { entryWord } from './WorkingRow';

interface PositionCardsProps {
  readonly rows: Rows;
  readonly onSelect: (tradeId: string) => void;
}

/** The positions on a phone: a tap shows the chart and what closes it. */
export function PositionCards({ rows, onSelect }: PositionCardsProps) {
  return (
    <ul aria-label="Positions">
      {rows.open.map((row) => (
        <li key={row.position.tradeId} className="border-t border-line">
          <Card row={row} onSelect={() => onSelect(row.position.tradeId)} />
        </li>
      ))}
      {rows.entries.map(({ signal }) => (
        <li
          key={signal.id}
          className="flex justify-between border-t border-dashed border-edge px-4 py-3 text-text-2"
        >
          <span className="flex gap-2">
            <strong className="font-semibold text-text">{signal.symbol}</strong>
            <SideLabel side={signal.side} /> {count(signal.filledQuantity)}/{count(signal.quantity)}
          </span>
          <span>
            {entryWord(signal)} · {price(signal.level)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Card({ row, onSelect }: { readonly row: OpenRow; readonly onSelect: () => void }) {
  const { position, signal, isGone } = row;
  const closing = useClosings().get(position.tradeId);
  return (
    <button type="button" className="block w-full px-4 py-2 text-left -outline-offset-2" onClick={onSelect}>
      <span className="flex items-baseline gap-2">
        <strong className="text-[15px] font-semibold">{position.symbol}</strong>
        <span className="text-text-2">
          <SideLabel side={position.side} />
        </span>
        <span className="text-text-2">
          {count(position.quantity)} @ {price(position.entryPrice)}
        </span>
        <Signed className="ml-auto text-[15px] font-semibold" value={position.unrealizedPnl} write={pnl} />
      </span>
      {closing === undefined ? (
        <span className="grid grid-cols-[64px_1fr_64px] items-center gap-2">
          <span>{price(position.lastPrice)}</span>
          <RRail position={position} signal={signal} />
          <Signed className="text-right" value={position.unrealizedR} write={rMultiple} />
        </span>
      ) : (
        <CloseState closing={closing} now={isGone ? undefined : position} />
      )}
    </button>
  );
}
