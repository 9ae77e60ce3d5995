import { useMemo } from 'react';

import { queryField, setQuery, useQuery } from '../app/route';
import { count, dateClock, held, money, pnl, price, rMultiple } from '../format';
import { exitWords } from '../signals/reasons';
import { Button, Note, Panel, SideLabel, Signed, Skeleton, Table, Time, type Column } from '../ui';
import { Input, Select, SIDES, type Choice } from '../ui/Filter';
import type { Trade } from '../wire/proto';
import {
  filtered,
  PAGE_ROWS,
  pageOf,
  pressed,
  readLogFilters,
  readSorting,
  sorted,
  sortKey,
  type Sorting,
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
  const columns = useMemo(() => columnsOf(sorting), [sorting]);
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
        <Table caption="Trades" columns={columns} rows={shown} keyOf={({ id }) => id} onOpen={onOpen} />
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
  const field = (name: string) => queryField(query, name, { page: null });
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

/** The columns of the log; their heads say how it is sorted and sort it. */
function columnsOf(sorting: Sorting): LogColumn[] {
  const heads: readonly LogColumn[] = [
    {
      key: 'date',
      head: 'Entry',
      cellClassName: 'text-text-2',
      cell: ({ entryTime }) => <Time at={entryTime} write={dateClock} isInRow />,
    },
    {
      key: 'symbol',
      head: 'Symbol',
      cell: ({ symbol }) => (
        <button type="button" className="font-semibold hover:underline" aria-haspopup="dialog">
          {symbol}
        </button>
      ),
    },
    {
      key: 'side',
      head: 'Side',
      cellClassName: 'text-text-2',
      isWide: true,
      cell: ({ side }) => <SideLabel side={side} />,
    },
    { key: 'quantity', head: 'Qty', isFigure: true, isWide: true, cell: ({ quantity }) => count(quantity) },
    {
      key: 'in',
      head: 'Entry price',
      isFigure: true,
      isWide: true,
      cell: ({ entryPrice }) => price(entryPrice),
    },
    {
      key: 'out',
      head: 'Exit price',
      isFigure: true,
      isWide: true,
      cell: ({ exitPrice }) => price(exitPrice),
    },
    {
      key: 'exit',
      head: 'Exit',
      cellClassName: 'text-text-2',
      isWide: true,
      cell: ({ exitReason }) => exitWords(exitReason),
    },
    {
      key: 'pnl',
      head: 'P&L',
      isFigure: true,
      cellClassName: 'font-medium',
      cell: ({ netPnl }) => <Signed value={netPnl} write={pnl} />,
    },
    {
      key: 'r',
      head: 'R',
      isFigure: true,
      cell: ({ rMultiple: r }) => <Signed value={r} write={rMultiple} />,
    },
    {
      key: 'fees',
      head: 'Fees',
      isFigure: true,
      cellClassName: 'text-text-2',
      isWide: true,
      cell: ({ fees }) => money(fees),
    },
    {
      key: 'held',
      head: 'Held',
      isFigure: true,
      cellClassName: 'text-text-2',
      isWide: true,
      cell: ({ duration }) => held(duration),
    },
    {
      key: 'strategy',
      head: 'Strategy',
      cellClassName: 'text-text-2',
      isWide: true,
      cell: ({ strategy }) => strategy,
    },
  ];
  return heads.map((column) => {
    const key = sortKey(column.key);
    if (key === undefined) return column;
    const order = sorting.column !== key ? 'none' : sorting.isDescending ? 'descending' : 'ascending';
    const onPress = () => setQuery({ sort: pressed(sorting, key), page: null });
    return { ...column, sorting: { order, onPress } };
  });
}

type LogColumn = Column<Trade>;
