import { useMemo } from 'react';

import { queryField, setQuery, useQuery } from '../app/route';
import { ABSENT, count, decimal, price } from '../format';
import { useApi } from '../session/session';
import { useLedger, useSignals, useStatus } from '../state/live';
import { Button, ErrorNote, Note, SideLabel, Skeleton, Table, type Column } from '../ui';
import { DateInput, Select, type Choice } from '../ui/Filter';
import { UniverseState, type Signal, type UniverseEntry } from '../wire/proto';
import { reasonSentence } from './reasons';
import { keyOf, stateKey, stateOf, stateWord, STATES, withSignals } from './universe';
import { usePages } from './usePages';

const PAGE_SIZE = 200;
const NONE: readonly Signal[] = [];

interface UniverseProps {
  /** The day that is asked for; empty is the current or last session. */
  readonly day: string;
  /** The symbol whose whole reckoning is shown. */
  readonly selected: string;
}

/** Lists what a day's symbols were chosen from, by rank: the figures, the direction, and what became of each. */
export function Universe({ day, selected }: UniverseProps) {
  const api = useApi();
  const ledger = useLedger();
  const query = useQuery();
  const live = useSignals();
  // The list is another one once the range is complete.
  const phase = useStatus()?.session?.phase ?? 0;
  const state = stateOf(query.get('state') ?? '');
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, day, state, phase, 'universe']);
  const pages = usePages(key, async (pageToken, signal) => {
    const request = { date: day, states: state === undefined ? [] : [state], pageSize: PAGE_SIZE, pageToken };
    const { entries, nextPageToken: next } = await api.signals.listUniverse(request, { signal });
    return { rows: entries, next };
  });
  const { rows: listed, isWhole, isLoading, error } = pages;
  const rows = useMemo(
    () => listed && withSignals(listed, day === '' ? (live ?? NONE) : NONE),
    [listed, live, day],
  );
  return (
    <>
      <Filters day={day} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {rows !== undefined && rows.length > 0 && (
          <Table
            caption="Universe"
            columns={COLUMNS}
            rows={rows}
            keyOf={keyOf}
            onOpen={({ symbol }) => setQuery({ why: symbol, id: null })}
            isSelected={({ symbol }) => symbol === selected}
            hasStickyHeads
          />
        )}
        {rows?.length === 0 && <Empty isFiltered={state !== undefined} />}
        {rows === undefined && error === undefined && <Skeleton className="m-3 h-96" />}
        {error !== undefined && <ErrorNote error={error} onRetry={pages.more} />}
        {rows !== undefined && !isWhole && error === undefined && (
          <div className="p-3 text-center">
            <Button size="row" onClick={pages.more} disabled={isLoading}>
              {isLoading ? 'Loading…' : `Show ${PAGE_SIZE} more`}
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function Empty({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered)
    return <Note>No symbols of that day are known. They are from the day’s first bars on.</Note>;
  return (
    <Note>
      <p>No symbol of that day is in this state.</p>
      <Button size="row" className="mt-2" onClick={() => setQuery({ state: null })}>
        Show all
      </Button>
    </Note>
  );
}

const STATE_CHOICES: readonly Choice[] = [
  ['', 'any state'],
  ...STATES.map((state): Choice => [stateKey(state), stateWord(state)]),
];

function Filters({ day }: { readonly day: string }) {
  const query = useQuery();
  return (
    <div
      role="search"
      aria-label="Filters"
      className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2"
    >
      <DateInput label="Session" value={day} onDate={(chosen) => setQuery({ day: chosen })} />
      <Select label="State" isLabelHidden choices={STATE_CHOICES} {...queryField(query, 'state')} />
    </div>
  );
}

const COLUMNS: readonly Column<UniverseEntry>[] = [
  {
    key: 'rank',
    head: 'Rank',
    isFigure: true,
    cell: ({ features }) => (features?.rank === undefined ? ABSENT : count(features.rank)),
  },
  {
    key: 'symbol',
    head: 'Symbol',
    cell: ({ symbol }) => (
      <button type="button" className="font-semibold hover:underline">
        {symbol}
      </button>
    ),
  },
  {
    key: 'side',
    head: 'Direction',
    cellClassName: 'text-text-2',
    cell: ({ side }) => (side === undefined ? ABSENT : <SideLabel side={side} />),
  },
  {
    key: 'rvol',
    head: (
      <abbr title="Volume of the opening range over its mean of 14 sessions" className="no-underline">
        RVOL
      </abbr>
    ),
    isFigure: true,
    cell: ({ features }) => decimal(features?.relativeVolume, 2),
  },
  {
    key: 'atr',
    head: (
      <abbr title="Average true range of 14 sessions, US dollars" className="no-underline">
        ATR
      </abbr>
    ),
    isFigure: true,
    isWide: true,
    cell: ({ features }) => decimal(features?.atr14, 2),
  },
  { key: 'low', head: 'Range low', isFigure: true, isWide: true, cell: ({ range }) => price(range?.low) },
  { key: 'high', head: 'Range high', isFigure: true, isWide: true, cell: ({ range }) => price(range?.high) },
  {
    key: 'state',
    head: 'State',
    headClassName: 'w-full',
    cellClassName: 'max-w-0 truncate',
    cell: (entry) => <State entry={entry} />,
  },
  {
    key: 'strategy',
    head: 'Strategy',
    isWide: true,
    cellClassName: 'text-text-2',
    cell: ({ strategy }) => strategy,
  },
];

function State({ entry }: { readonly entry: UniverseEntry }) {
  const { state, reason, detail } = entry;
  if (state !== UniverseState.EXCLUDED || reason === undefined) return stateWord(state);
  return (
    <span className="text-text-2" title={detail === '' ? undefined : detail}>
      {reasonSentence(reason)}
    </span>
  );
}
