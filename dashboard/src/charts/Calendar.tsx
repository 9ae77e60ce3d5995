import { useMemo } from 'react';

import { monthOfDate, pnl, pnlWhole, tone, type DateText } from '../format';
import { months, type DayCell, type DaySource } from './months';

interface CalendarProps {
  /** One result a session. */
  readonly days: readonly DaySource[];
  /** The day that is looked at; absent when none is. */
  readonly selected?: DateText | undefined;
  readonly onSelect: (date: DateText) => void;
  /** The session that goes on: its result is not the last word. Absent when none does. */
  readonly running?: DateText | undefined;
  readonly isStale?: boolean;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'];
/** Shares of colour in the ground of a cell: with more, the figure on it would fall below a contrast of 4.5. */
const SHARES = [0, 3, 6, 9, 12];

/** Shows the result of each session in its place in the month. It is a table already, so it needs no other. */
export function Calendar({ days, selected, onSelect, running, isStale = false }: CalendarProps) {
  const shown = useMemo(() => months(days).reverse(), [days]);
  return (
    <div className="flex flex-wrap gap-4 p-3">
      {shown.map((month) => (
        <table
          key={month.first}
          className="w-full min-w-70 flex-1 basis-70 table-fixed border-separate border-spacing-0.5"
        >
          <caption className="pb-1 text-left text-label text-text-2">{monthOfDate(month.first)}</caption>
          <thead>
            <tr>
              {WEEKDAYS.map((weekday) => (
                <th key={weekday} scope="col" className="pb-1 text-label font-normal text-text-3">
                  {weekday}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {month.weeks.map((week, index) => (
              <tr key={index}>
                {week.map((cell, place) => (
                  <td key={WEEKDAYS[place]} className="h-10 p-0 align-middle">
                    {cell && (
                      <Day
                        cell={cell}
                        isSelected={cell.date === selected}
                        isRunning={cell.date === running}
                        isStale={isStale}
                        onSelect={onSelect}
                      />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

interface DayProps {
  readonly cell: DayCell;
  readonly isSelected: boolean;
  readonly isRunning: boolean;
  readonly isStale: boolean;
  readonly onSelect: (date: DateText) => void;
}

function Day({ cell, isSelected, isRunning, isStale, onSelect }: DayProps) {
  const dayOfMonth = Number(cell.date.slice(8));
  if (cell.netPnl === undefined) {
    return (
      <div className="flex h-10 flex-col items-center justify-center text-text-3">
        <span className="text-label">{dayOfMonth}</span>
        <span aria-label="no session">–</span>
      </div>
    );
  }
  const sign = isStale ? 'flat' : tone(cell.netPnl, 0);
  return (
    <button
      type="button"
      aria-pressed={isSelected}
      title={`${cell.date} ${pnl(cell.netPnl)}${isRunning ? ', closed trades so far' : ''}`}
      onClick={() => onSelect(cell.date)}
      className={`flex h-10 w-full flex-col items-center justify-center rounded-control border hover:border-text-3 ${borderOf(isSelected, isRunning)}`}
      style={{ background: ground(sign, cell.weight) }}
    >
      <span className="text-label text-text-2">
        {dayOfMonth} {isRunning && 'so far'}
      </span>
      <span className={`text-label ${TEXT[sign]}`}>{pnlWhole(cell.netPnl)}</span>
    </button>
  );
}

function borderOf(isSelected: boolean, isRunning: boolean): string {
  if (isSelected) return 'border-focus';
  return isRunning ? 'border-dashed border-text-3' : 'border-transparent';
}

const TEXT = { gain: 'text-gain', loss: 'text-loss', flat: 'text-text' } as const;

function ground(sign: keyof typeof TEXT, weight: DayCell['weight']): string {
  if (sign === 'flat') return 'var(--raised)';
  return `color-mix(in oklab, var(--${sign}) ${SHARES[weight] ?? 0}%, var(--surface))`;
}
