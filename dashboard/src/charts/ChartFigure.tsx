import { type ReactNode, useId, useState } from 'react';

interface ChartFigureProps {
  /** What the chart shows, such as "P&L today". */
  readonly label: string;
  /** What it says, in a sentence or two. */
  readonly summary: string;
  /** The same as a table. */
  readonly table: () => ReactNode;
  readonly children: ReactNode;
}

/** A picture with its words: a summary for all who do not see it, and its table at the press of a button. */
export function ChartFigure({ label, summary, table, children }: ChartFigureProps) {
  const [isTable, setTable] = useState(false);
  const summaryId = useId();
  return (
    <figure aria-label={label} aria-describedby={summaryId} className="group relative h-full min-h-0 w-full">
      <figcaption id={summaryId} className="sr-only">
        {summary}
      </figcaption>
      {isTable ? <div className="h-full overflow-auto pt-8">{table()}</div> : children}
      <button
        type="button"
        aria-pressed={isTable}
        onClick={() => setTable(!isTable)}
        className="absolute top-1 left-2 z-10 h-7 rounded-control border border-edge bg-surface px-2 text-label text-text-2 opacity-0 group-hover:opacity-100 hover:text-text focus-visible:opacity-100 aria-pressed:opacity-100"
      >
        {isTable ? 'Chart' : 'Table'}
        <span className="sr-only">{` of ${label}`}</span>
      </button>
    </figure>
  );
}

interface ChartTableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Cells are already written as they are to be read. */
  readonly rows: readonly (readonly string[])[];
}

/** The table of a chart. */
export function ChartTable({ caption, columns, rows }: ChartTableProps) {
  return (
    <table className="w-full text-body">
      <caption className="sr-only">{caption}</caption>
      <thead className="sticky top-0 bg-surface text-label text-text-2">
        <tr>
          {columns.map((column, index) => (
            <th
              key={column}
              scope="col"
              className={index === 0 ? 'px-3 py-1 text-left' : 'px-3 py-1 text-right'}
            >
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={`${row[0] ?? ''} ${index}`} className="border-t border-line">
            {row.map((cell, place) => (
              <td key={columns[place]} className={place === 0 ? 'px-3 py-1' : 'px-3 py-1 text-right'}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
