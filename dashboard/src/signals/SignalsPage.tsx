import { useMemo } from 'react';

import { queryField, setQuery, useQuery } from '../app/route';
import { isDate } from '../format';
import { useApi } from '../session/session';
import { useLedger, useSignals } from '../state/live';
import { Button, ErrorNote, Note, Panel, Skeleton } from '../ui';
import { Drawer } from '../ui/Drawer';
import { DateInput, Input, Select, SIDES, type Choice } from '../ui/Filter';
import { useIsWide } from '../ui/useIsWide';
import type { Signal } from '../wire/proto';
import {
  filterKey,
  isFiltered,
  readFilters,
  tickerOf,
  toRequest,
  upToDate,
  type SignalFilters,
} from './filters';
import { useStrategies } from './useStrategies';
import { SignalDetail } from './SignalDetail';
import { SignalTable } from './SignalTable';
import { STATUSES, isActive, statusKey, statusWord } from './status';
import { Universe } from './Universe';
import { usePages } from './usePages';
import { WhyNotDetail, WhyNotForm } from './WhyNot';

const PAGE_SIZE = 50;

/** What was decided and what became of it. */
export function SignalsPage() {
  const query = useQuery();
  const live = useSignals();
  const active = useMemo(() => live?.filter((signal) => isActive(signal.status)).reverse(), [live]);
  const id = query.get('id');
  const why = tickerOf(query.get('why'));
  const isWide = useIsWide();
  const select = (chosen: string) => setQuery({ id: chosen, why: null });
  return (
    <div className="relative h-full">
      <main
        aria-label="Signals"
        className="relative grid h-full min-h-0 gap-3 overflow-y-auto p-3 desktop:grid-cols-[minmax(0,1fr)_480px] desktop:overflow-hidden"
      >
        <div className="flex min-h-0 min-w-0 flex-col gap-3">
          <Active signals={active} selected={id} onSelect={select} />
          <List live={live} selected={id} onSelect={select} why={why ?? ''} day={dayOf(query)} />
        </div>
        {isWide && <DetailPanel id={id} why={why} live={live} day={dayOf(query)} />}
      </main>
      {!isWide && (id !== null || why !== undefined) && (
        <Drawer title={titleOf(why)} onClose={close}>
          <Detail id={id} why={why} live={live} day={dayOf(query)} />
        </Drawer>
      )}
    </div>
  );
}

function titleOf(why: string | undefined): string {
  return why === undefined ? 'Signal' : `Why not ${why}?`;
}

function close(): void {
  setQuery({ id: null, why: null });
}

/** The day that "why not?" asks about; empty is the current or last session. */
function dayOf(query: URLSearchParams): string {
  const day = query.get('day') ?? '';
  return isDate(day) ? day : '';
}

interface ActiveProps {
  readonly signals: readonly Signal[] | undefined;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
}

function Active({ signals, selected, onSelect }: ActiveProps) {
  return (
    <Panel title="Active" aside={signals && <span>{signals.length}</span>} className="max-h-60 shrink-0">
      {signals === undefined && <Skeleton className="m-3 h-8" />}
      {signals?.length === 0 && <Note>No signal is on its way. Those that ended are listed below.</Note>}
      {signals !== undefined && signals.length > 0 && (
        <div className="min-h-0 overflow-y-auto">
          <SignalTable caption="Active signals" signals={signals} selected={selected} onSelect={onSelect} />
        </div>
      )}
    </Panel>
  );
}

interface ListProps {
  readonly live: readonly Signal[] | undefined;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  readonly why: string;
  readonly day: string;
}

/** What is listed: the signals, or what the day's symbols were chosen from. */
const LISTS = [
  ['', 'Signals'],
  ['universe', 'Universe'],
] as const;

function List(props: ListProps) {
  const { why, day } = props;
  const list = useQuery().get('list') === 'universe' ? 'universe' : '';
  return (
    <Panel
      title={list === '' ? 'Signals' : 'Universe'}
      aside={
        <span role="group" aria-label="What is listed" className="flex gap-1">
          {LISTS.map(([value, words]) => (
            <Button
              key={value}
              size="row"
              kind={value === list ? 'plain' : 'quiet'}
              aria-pressed={value === list}
              onClick={() => setQuery({ list: value })}
            >
              {words}
            </Button>
          ))}
        </span>
      }
      actions={<WhyNotForm key={why} symbol={why} date={day} />}
      className="min-h-100 flex-1"
    >
      {list === '' ? <SignalList {...props} /> : <Universe day={day} selected={why} />}
    </Panel>
  );
}

function SignalList({ live, selected, onSelect }: ListProps) {
  const api = useApi();
  const ledger = useLedger();
  const query = useQuery();
  const filters = useMemo(() => readFilters(query), [query]);
  const key = ledger === undefined ? null : `${ledger.id} ${filterKey(filters)}`;
  const pages = usePages(key, async (pageToken, signal) => {
    const request = { ...toRequest(filters), pageSize: PAGE_SIZE, pageToken };
    const { signals: rows, nextPageToken: next } = await api.signals.listSignals(request, { signal });
    return { rows, next };
  });
  const { rows: listed, isWhole, isLoading, error } = pages;
  const rows = useMemo(
    () => listed && upToDate(listed, live ?? [], filters, isWhole),
    [listed, live, filters, isWhole],
  );
  return (
    <>
      <Filters filters={filters} shown={rows && (isWhole ? `${rows.length}` : `the newest ${rows.length}`)} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {rows !== undefined && rows.length > 0 && (
          <SignalTable caption="Signals" signals={rows} selected={selected} onSelect={onSelect} hasDates />
        )}
        {rows?.length === 0 && <Empty isFiltered={isFiltered(filters)} />}
        {rows === undefined && error === undefined && <Skeleton className="m-3 h-96" />}
        {error !== undefined && <ErrorNote error={error} onRetry={pages.more} />}
        {rows !== undefined && !isWhole && error === undefined && (
          <div className="p-3 text-center">
            <Button size="row" onClick={pages.more} disabled={isLoading}>
              {isLoading ? 'Loading…' : `Show ${PAGE_SIZE} older`}
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function Empty({ isFiltered: isLimited }: { readonly isFiltered: boolean }) {
  if (!isLimited) return <Note>No signals yet. They come from the end of the opening range on.</Note>;
  return (
    <Note>
      <p>No signal passes these filters.</p>
      <Button size="row" className="mt-2" onClick={clear}>
        Clear filters
      </Button>
    </Note>
  );
}

function clear(): void {
  setQuery({ symbol: null, side: null, status: null, strategy: null, from: null, to: null });
}

const STATUS_CHOICES: readonly Choice[] = [
  ['', 'any status'],
  ...STATUSES.map((status): Choice => [statusKey(status), statusWord(status)]),
];

interface FiltersProps {
  readonly filters: SignalFilters;
  /** How many rows are listed, in words. */
  readonly shown: string | undefined;
}

function Filters({ filters, shown }: FiltersProps) {
  const query = useQuery();
  const strategies = useStrategies();
  const field = (name: string) => queryField(query, name);
  return (
    <div
      role="search"
      aria-label="Filters"
      className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2"
    >
      <Input
        label="Symbol"
        isLabelHidden
        placeholder="Symbol"
        className="w-24 uppercase placeholder:normal-case"
        {...field('symbol')}
      />
      <Select label="Side" isLabelHidden choices={SIDES} {...field('side')} />
      <Select label="Status" isLabelHidden choices={STATUS_CHOICES} {...field('status')} />
      <DateInput label="From" value={query.get('from') ?? ''} onDate={(from) => setQuery({ from })} />
      <DateInput label="to" value={query.get('to') ?? ''} onDate={(to) => setQuery({ to })} />
      <Select
        label="Strategy"
        isLabelHidden
        choices={[['', 'all strategies'], ...strategies.map((name): Choice => [name, name])]}
        {...field('strategy')}
      />
      {isFiltered(filters) && (
        <Button size="row" kind="quiet" onClick={clear}>
          Clear
        </Button>
      )}
      {shown !== undefined && <span className="ml-auto text-text-2">{shown}</span>}
    </div>
  );
}

interface DetailProps {
  readonly id: string | null;
  readonly why: string | undefined;
  readonly live: readonly Signal[] | undefined;
  readonly day: string;
}

function DetailPanel(props: DetailProps) {
  const { id, why } = props;
  const title = id === null && why === undefined ? 'Detail' : titleOf(why);
  return (
    <Panel
      title={title}
      actions={
        (id !== null || why !== undefined) && (
          <Button size="row" kind="quiet" onClick={close}>
            Close
          </Button>
        )
      }
    >
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <Detail {...props} />
      </div>
    </Panel>
  );
}

function Detail({ id, why, live, day }: DetailProps) {
  if (why !== undefined) return <WhyNotDetail symbol={why} date={day} />;
  if (id === null)
    return <Note>Choose a signal to see the whole decision, its orders, fills and chart.</Note>;
  const signal = live?.find((each) => each.id === id);
  return <SignalDetail key={id} id={id} version={signal === undefined ? '' : versionOf(signal)} />;
}

/** Changes with each word of the stream about a signal. */
function versionOf({ status, filledQuantity, fillPrice }: Signal): string {
  return `${status} ${filledQuantity} ${fillPrice ?? ''}`;
}
