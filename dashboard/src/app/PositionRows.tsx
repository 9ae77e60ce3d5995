import { count, pnl } from '../format';
import { useNow } from '../state/now';
import { LATE_MS, useClosings, type Closing } from '../state/closing';
import { usePositions } from '../state/live';
import { SideLabel, Signed, Triangle } from '../ui';
import type { Position } from '../wire/proto';
import { tenths } from './Progress';

/** Names the positions that an act is about, and how each comes along once it is asked for. */
export function PositionRows({ positions }: { readonly positions: readonly Position[] }) {
  const closings = useClosings();
  const open = usePositions() ?? [];
  return (
    <div className="max-h-60 overflow-y-auto">
      <table className="w-full">
        <caption className="sr-only">Positions</caption>
        <tbody>
          {positions.map((asked) => {
            const now = open.find((each) => each.tradeId === asked.tradeId);
            const closing = closings.get(asked.tradeId);
            return (
              <tr key={asked.tradeId} className="h-7 border-b border-line last:border-0">
                <th scope="row" className="text-left font-semibold">
                  {asked.symbol}
                </th>
                <td className="text-text-2">
                  <SideLabel side={asked.side} />
                </td>
                <td className="text-right text-text-2">{count((now ?? asked).quantity)}</td>
                <td className="pl-3 text-right">
                  {closing === undefined ? (
                    <Signed value={(now ?? asked).unrealizedPnl} write={pnl} />
                  ) : (
                    <CloseState closing={closing} now={now} />
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export interface CloseStateProps {
  readonly closing: Closing;
  /** The position as it is; absent when it is flat. */
  readonly now: Position | undefined;
}

/** How far a close has come: sending, cancelling, closing, flat; or what protects the position meanwhile. */
export function CloseState({ closing, now }: CloseStateProps) {
  const wall = useNow(250);
  const { sent, askedAt, flatAt } = closing;
  if (flatAt !== undefined) return <span>flat, verified {tenths(flatAt - askedAt)}</span>;
  if (sent?.phase === 'failed')
    return <span className="text-danger">not closed: {sent.error?.rawMessage}</span>;
  if (wall - askedAt > LATE_MS) {
    const cover = now === undefined ? '' : `, covers ${now.protectedQuantity}/${now.quantity}`;
    return (
      <span className="text-warn">
        <Triangle /> not verified after 10 s: stop kept{cover}
      </span>
    );
  }
  if (sent?.phase === 'repeating' || sent?.phase === 'unanswered') return <span>no answer, repeating…</span>;
  if (sent?.phase !== 'accepted') return <span>sending…</span>;
  return <span>{now?.closing === true ? `closing, ${count(now.quantity)} left` : 'cancelling…'}</span>;
}
