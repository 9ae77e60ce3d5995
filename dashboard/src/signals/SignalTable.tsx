import { useMemo } from 'react';

import { ABSENT, count, filled, price } from '../format';
import { classes, SideLabel, Table, Time, type Column } from '../ui';
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

/** Lists signals with the way that each has come. A row is chosen by pointer, or by its ticker, which is a button. */
export function SignalTable({ caption, signals, selected, onSelect, hasDates = false }: SignalTableProps) {
  const columns = useMemo(() => columnsOf(selected, hasDates), [selected, hasDates]);
  return (
    <Table
      caption={caption}
      columns={columns}
      rows={signals}
      keyOf={({ id }) => id}
      onOpen={({ id }) => onSelect(id)}
      isSelected={({ id }) => id === selected}
      hasStickyHeads
    />
  );
}

function columnsOf(selected: string | null, hasDates: boolean): Column<Signal>[] {
  return [
    {
      key: 'time',
      head: 'Time',
      cellClassName: 'text-text-2',
      cell: ({ date, time }) => (
        <>
          {hasDates && <span className="mr-2 max-tablet:hidden">{date}</span>}
          <Time at={time} isInRow />
        </>
      ),
    },
    {
      key: 'symbol',
      head: 'Symbol',
      cell: ({ id, symbol }) => (
        <button type="button" aria-pressed={id === selected} className="font-semibold hover:underline">
          {symbol}
        </button>
      ),
    },
    {
      key: 'side',
      head: 'Side',
      cellClassName: 'text-text-2',
      cell: ({ side }) => <SideLabel side={side} />,
    },
    { key: 'quantity', head: 'Qty', isFigure: true, isWide: true, cell: quantities },
    { key: 'level', head: 'Level', isFigure: true, isWide: true, cell: ({ level }) => price(level) },
    {
      key: 'score',
      head: (
        <abbr title="A description of the setup, not a probability" className="no-underline">
          Score
        </abbr>
      ),
      isFigure: true,
      isWide: true,
      cell: ({ score }) => (score === undefined ? ABSENT : score.toFixed(2)),
    },
    {
      key: 'way',
      head: 'Way',
      headClassName: 'w-full',
      cellClassName: 'max-w-0',
      cell: (signal) => <Way signal={signal} />,
    },
    {
      key: 'status',
      head: 'Status',
      isWide: true,
      cell: ({ status }) => (
        <span className={classes(status === SignalStatus.UNKNOWN && 'text-warn')}>{statusWord(status)}</span>
      ),
    },
  ];
}

function Way({ signal }: { readonly signal: Signal }) {
  const { reason, reasonDetail } = signal;
  return (
    <div className="flex items-center gap-2 overflow-hidden">
      <Chain signal={signal} />
      {reason !== undefined && (
        <span className="truncate text-text-2 max-tablet:hidden" title={reasonDetail}>
          {reasonSentence(reason)}
        </span>
      )}
    </div>
  );
}

/** Before anything is filled only what was asked for counts. */
function quantities({ filledQuantity: done, quantity: asked }: Signal): string {
  if (asked === 0n) return ABSENT;
  return done === 0n ? count(asked) : filled(done, asked);
}
