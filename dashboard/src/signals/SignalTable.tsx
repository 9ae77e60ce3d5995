import { ABSENT, clock, count, filled, price } from '../format';
import { SideLabel, Time, classes } from '../ui';
import { SignalStatus, type Signal } from '../wire/proto';
import { Chain } from './Chain';
import { reasonSentence } from './reasons';
import { statusWord } from './status';

interface SignalTableProps {
  readonly caption: string;
  readonly signals: readonly Signal[];
  /** The id of the signal whose detail is shown. */
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  /** Whether the session's date stands beside the time. */
  readonly hasDates?: boolean;
}

const HEAD = 'px-2 py-1 font-medium first:pl-3 last:pr-3';
const CELL = 'h-8 px-2 whitespace-nowrap first:pl-3 last:pr-3';
/** Columns that a phone has no room for. */
const WIDE = 'max-tablet:hidden';

/** Lists signals with the way that each has come. A row is chosen by pointer, or by its ticker, which is a button. */
export function SignalTable({ caption, signals, selected, onSelect, hasDates = false }: SignalTableProps) {
  return (
    <table className="w-full">
      <caption className="sr-only">{caption}</caption>
      <thead className="sticky top-0 z-10 bg-surface text-left text-label text-text-2">
        <tr className="h-7">
          <th scope="col" className={HEAD}>
            Time
          </th>
          <th scope="col" className={HEAD}>
            Symbol
          </th>
          <th scope="col" className={HEAD}>
            Side
          </th>
          <th scope="col" className={classes(HEAD, WIDE, 'text-right')}>
            Qty
          </th>
          <th scope="col" className={classes(HEAD, WIDE, 'text-right')}>
            Level
          </th>
          <th scope="col" className={classes(HEAD, WIDE, 'text-right')}>
            <abbr title="A description of the setup, not a probability" className="no-underline">
              Score
            </abbr>
          </th>
          <th scope="col" className={classes(HEAD, 'w-full')}>
            Way
          </th>
          <th scope="col" className={classes(HEAD, WIDE)}>
            Status
          </th>
        </tr>
      </thead>
      <tbody>
        {signals.map((signal) => (
          <SignalRow
            key={signal.id}
            signal={signal}
            isSelected={signal.id === selected}
            hasDate={hasDates}
            onSelect={() => onSelect(signal.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface SignalRowProps {
  readonly signal: Signal;
  readonly isSelected: boolean;
  readonly hasDate: boolean;
  readonly onSelect: () => void;
}

function SignalRow({ signal, isSelected, hasDate, onSelect }: SignalRowProps) {
  const { quantity, filledQuantity, reason } = signal;
  return (
    // The ticker in the row is the button for the keyboard; the row only makes a larger target for the pointer.
    <tr
      onClick={onSelect}
      className={classes(
        'cursor-pointer border-t border-line hover:bg-raised',
        isSelected && 'bg-raised shadow-[inset_3px_0_var(--text)]',
      )}
    >
      <td className={classes(CELL, 'text-text-2')}>
        {hasDate && <span className="mr-2 max-tablet:hidden">{signal.date}</span>}
        <Time at={signal.time} write={clock} />
      </td>
      <td className={CELL}>
        <button type="button" aria-pressed={isSelected} className="font-semibold hover:underline">
          {signal.symbol}
        </button>
      </td>
      <td className={classes(CELL, 'text-text-2')}>
        <SideLabel side={signal.side} />
      </td>
      <td className={classes(CELL, WIDE, 'text-right')}>
        {quantity === 0n ? ABSENT : quantities(filledQuantity, quantity)}
      </td>
      <td className={classes(CELL, WIDE, 'text-right')}>{price(signal.level)}</td>
      <td className={classes(CELL, WIDE, 'text-right')}>
        {signal.score === undefined ? ABSENT : signal.score.toFixed(2)}
      </td>
      <td className={classes(CELL, 'max-w-0')}>
        <div className="flex items-center gap-2 overflow-hidden">
          <Chain signal={signal} />
          {reason !== undefined && (
            <span className="truncate text-text-2 max-tablet:hidden" title={signal.reasonDetail}>
              {reasonSentence(reason)}
            </span>
          )}
        </div>
      </td>
      <td className={classes(CELL, WIDE, signal.status === SignalStatus.UNKNOWN && 'text-warn')}>
        {statusWord(signal.status)}
      </td>
    </tr>
  );
}

/** Before anything is filled only what was asked for counts. */
function quantities(done: bigint, asked: bigint): string {
  return done === 0n ? count(asked) : filled(done, asked);
}
