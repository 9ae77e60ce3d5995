import type { ReactNode } from 'react';

import { classes } from './classes';

/** A column of a table. */
export interface Column<T> {
  /** Names it among the others. */
  readonly key: string;
  readonly head: ReactNode;
  readonly cell: (row: T) => ReactNode;
  /** Figures stand at the right, under each other. */
  readonly isFigure?: boolean;
  /** Whether a phone has no room for it. */
  readonly isWide?: boolean;
  readonly headClassName?: string;
  readonly cellClassName?: string;
  /** How it is sorted, and what a press of its head does; absent where it cannot be sorted by. */
  readonly sorting?: { readonly order: 'ascending' | 'descending' | 'none'; readonly onPress: () => void };
}

interface TableProps<T> {
  /** Names the table for those who do not see where it stands. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Opens what is behind a row; a button in it does the same for the keyboard. */
  readonly onOpen: (row: T) => void;
  readonly isSelected?: (row: T) => boolean;
  /** Whether the heads stay while the rows scroll. */
  readonly hasStickyHeads?: boolean;
}

const HEAD = 'px-2 py-1 font-medium whitespace-nowrap first:pl-3 last:pr-3';
const CELL = 'h-8 px-2 whitespace-nowrap first:pl-3 last:pr-3';
const WIDE = 'max-tablet:hidden';

/** Rows of 32 px that open something. */
export function Table<T>(props: TableProps<T>) {
  const { caption, columns, rows, keyOf, onOpen, isSelected, hasStickyHeads = false } = props;
  return (
    <table className="w-full">
      <caption className="sr-only">{caption}</caption>
      <thead
        className={classes(
          'bg-surface text-left text-label text-text-2',
          hasStickyHeads && 'sticky top-0 z-10',
        )}
      >
        <tr className="h-7">
          {columns.map((column) => (
            <Head key={column.key} column={column} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row
            key={keyOf(row)}
            row={row}
            columns={columns}
            isSelected={isSelected?.(row) ?? false}
            onOpen={() => onOpen(row)}
          />
        ))}
      </tbody>
    </table>
  );
}

function placeOf<T>({ isFigure, isWide }: Column<T>): string {
  return classes(isFigure === true ? 'text-right' : 'text-left', isWide === true && WIDE);
}

function Head<T>({ column }: { readonly column: Column<T> }) {
  const { head, sorting, headClassName } = column;
  const place = classes(HEAD, placeOf(column), headClassName);
  if (sorting === undefined) {
    return (
      <th scope="col" className={place}>
        {head}
      </th>
    );
  }
  const { order, onPress } = sorting;
  return (
    <th scope="col" className={place} aria-sort={order}>
      <button
        type="button"
        className={classes('hover:text-text', order !== 'none' && 'text-text')}
        onClick={onPress}
      >
        {head}
        <span aria-hidden="true" className="inline-block w-3 text-center">
          {order === 'descending' ? '↓' : order === 'ascending' ? '↑' : ''}
        </span>
      </button>
    </th>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly isSelected: boolean;
  readonly onOpen: () => void;
}

function Row<T>({ row, columns, isSelected, onOpen }: RowProps<T>) {
  return (
    // The button in the row is for the keyboard; the row only makes a larger target for the pointer.
    <tr
      onClick={onOpen}
      className={classes(
        'cursor-pointer border-t border-line hover:bg-raised',
        isSelected && 'bg-raised shadow-[inset_3px_0_0_var(--focus)]',
      )}
    >
      {columns.map((column) => (
        <td key={column.key} className={classes(CELL, placeOf(column), column.cellClassName)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
