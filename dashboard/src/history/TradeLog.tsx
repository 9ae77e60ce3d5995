import { useMemo, type ReactNode } from 'react';

import { setQuery, useQuery } from '../app/route';
import { count, dateClock, held, money, pnl, price, rMultiple } from '../format';
import { exitWords } from '../signals/reasons';
import { Button, classes, Note, Panel, SideLabel, Signed, Skeleton, Time } from '../ui';
import { Input, Select, type Choice } from '../ui/Filter';
import type { Trade } from '../wire/proto';
import {
  filtered,
  PAGE_ROWS,
  pageOf,
  pressed,
  readLogFilters,
  readSorting,
  sorted,
  type Column,
} from './log';
import type { TradeList } from './trades';

interface TradeLogProps {
  /** Absent while it is awaited. */
  readonly list: TradeList | undefined;
  readonly onOpen: (trade: Trade) => void;
}

/** The trades of the range: sorted by their heads, filtered, page by page. */
export function TradeLog({ list, onOpen }: TradeLogProps) {
  const query = useQuery();
  const [filters, sorting] = useMemo(() => [readLogFilters(query), readSorting(query)], [query]);
  const trades = list?.trades;
  const rows = useMemo(
    () => trades && sorted(filtered(trades, filters), sorting),
    [trades, filters, sorting],
  );
  const { page, pages } = pageOf(query, rows?.length ?? 0);
  const shown = rows?.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
  return (
    <Panel
      title="Trade log"
      aside={trades && rows && <span>{howMany(rows.length, trades.length, list.isWhole)}</span>}
      actions={pages > 1 && <Pager page={page} pages={pages} />}
    >
      <Filters trades={trades ?? NONE} />
      {rows === undefined && <Skeleton className="m-3 h-96" />}
      {rows?.length === 0 && (
        <Note className="min-h-24">
          {trades?.length === 0 ? 'There was no trade in this range.' : 'No trade passes these filters.'}
        </Note>
      )}
      {shown !== undefined && shown.length > 0 && (
        <table className="w-full">
          <caption className="sr-only">Trades</caption>
          <Head />
          <tbody>
            {shown.map((trade) => (
              <TradeRow key={trade.id} trade={trade} onOpen={() => onOpen(trade)} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

const NONE: readonly Trade[] = [];

function howMany(shown: number, all: number, isWhole: boolean): string {
  const total = isWhole ? count(all) : `the newest ${count(all)}`;
  return shown === all ? total : `${count(shown)} of ${total}`;
}

function Pager({ page, pages }: { readonly page: number; readonly pages: number }) {
  const go = (to: number) => setQuery({ page: to === 1 ? null : to.toString() });
  return (
    <nav aria-label="Pages of the log" className="flex items-center gap-2">
      <Button size="row" disabled={page <= 1} onClick={() => go(page - 1)}>
        Previous
      </Button>
      <span className="text-text-2">{`${page} of ${pages}`}</span>
      <Button size="row" disabled={page >= pages} onClick={() => go(page + 1)}>
        Next
      </Button>
    </nav>
  );
}

const SIDES: readonly Choice[] = [
  ['', 'both sides'],
  ['long', 'long'],
  ['short', 'short'],
];
const RESULTS: readonly Choice[] = [
  ['', 'any result'],
  ['win', 'wins'],
  ['loss', 'losses'],
];

function Filters({ trades }: { readonly trades: readonly Trade[] }) {
  const query = useQuery();
  const exits = useMemo(
    () => [...new Set(trades.map((trade) => trade.exitReason ?? 'open'))].sort(),
    [trades],
  );
  const field = (name: string) => ({
    value: query.get(name) ?? '',
    onChange: (event: { target: { value: string } }) => setQuery({ [name]: event.target.value, page: null }),
  });
  return (
    <div role="search" aria-label="Filter trades" className="flex flex-wrap items-center gap-2 px-3 py-2">
      <Input
        label="Symbol"
        isLabelHidden
        placeholder="Symbol"
        className="w-24 uppercase placeholder:normal-case"
        {...field('symbol')}
      />
      <Select label="Side" isLabelHidden choices={SIDES} {...field('side')} />
      <Select label="Result" isLabelHidden choices={RESULTS} {...field('result')} />
      <Select
        label="Exit"
        isLabelHidden
        choices={[['', 'any exit'], ...exits.map((exit): Choice => [exit, exitWords(exit)])]}
        {...field('exit')}
      />
    </div>
  );
}

interface HeadCellProps {
  readonly column?: Column;
  readonly isWide?: boolean;
  readonly isFigure?: boolean;
  readonly children: string;
}

/** Columns that a phone has no room for. */
const WIDE = 'max-tablet:hidden';
const HEAD = 'px-2 py-1 font-medium whitespace-nowrap first:pl-3 last:pr-3';
const CELL = 'h-8 px-2 whitespace-nowrap first:pl-3 last:pr-3';

function Head() {
  return (
    <thead className="bg-surface text-label text-text-2">
      <tr className="h-7">
        <HeadCell column="date">Entry</HeadCell>
        <HeadCell column="symbol">Symbol</HeadCell>
        <HeadCell isWide>Side</HeadCell>
        <HeadCell column="quantity" isWide isFigure>
          Qty
        </HeadCell>
        <HeadCell isWide isFigure>
          Entry price
        </HeadCell>
        <HeadCell isWide isFigure>
          Exit price
        </HeadCell>
        <HeadCell column="exit" isWide>
          Exit
        </HeadCell>
        <HeadCell column="pnl" isFigure>
          P&L
        </HeadCell>
        <HeadCell column="r" isFigure>
          R
        </HeadCell>
        <HeadCell column="fees" isWide isFigure>
          Fees
        </HeadCell>
        <HeadCell column="held" isWide isFigure>
          Held
        </HeadCell>
        <HeadCell isWide>Strategy</HeadCell>
      </tr>
    </thead>
  );
}

function HeadCell({ column, isWide = false, isFigure = false, children }: HeadCellProps) {
  const sorting = readSorting(useQuery());
  const isSorted = column !== undefined && sorting.column === column;
  const place = classes(HEAD, isFigure ? 'text-right' : 'text-left', isWide && WIDE);
  if (column === undefined) {
    return (
      <th scope="col" className={place}>
        {children}
      </th>
    );
  }
  const order = sorting.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" className={place} aria-sort={isSorted ? order : 'none'}>
      <button
        type="button"
        className={classes('hover:text-text', isSorted && 'text-text')}
        onClick={() => setQuery({ sort: pressed(sorting, column), page: null })}
      >
        {children}
        <span aria-hidden="true" className="inline-block w-3 text-center">
          {isSorted ? (sorting.isDescending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

function TradeRow({ trade, onOpen }: { readonly trade: Trade; readonly onOpen: () => void }) {
  const wide = (content: ReactNode, className?: string) => (
    <td className={classes(CELL, WIDE, className)}>{content}</td>
  );
  return (
    <tr onClick={onOpen} className="cursor-pointer border-t border-line hover:bg-raised">
      <td className={classes(CELL, 'text-text-2')}>
        <Time at={trade.entryTime} write={dateClock} />
      </td>
      <td className={CELL}>
        <button type="button" className="font-semibold hover:underline" aria-haspopup="dialog">
          {trade.symbol}
        </button>
      </td>
      {wide(<SideLabel side={trade.side} />, 'text-text-2')}
      {wide(count(trade.quantity), 'text-right')}
      {wide(price(trade.entryPrice), 'text-right')}
      {wide(price(trade.exitPrice), 'text-right')}
      {wide(exitWords(trade.exitReason), 'text-text-2')}
      <td className={classes(CELL, 'text-right font-medium')}>
        <Signed value={trade.netPnl} write={pnl} />
      </td>
      <td className={classes(CELL, 'text-right')}>
        <Signed value={trade.rMultiple} write={rMultiple} />
      </td>
      {wide(money(trade.fees), 'text-right text-text-2')}
      {wide(held(trade.duration), 'text-right text-text-2')}
      {wide(trade.strategy, 'text-text-2')}
    </tr>
  );
}
