import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';

import { setQuery, useQuery } from '../app/route';
import { count, plural } from '../format';
import { useHearing, useStatus } from '../state/live';
import { Button, Chip, ErrorNote, Note, Skeleton } from '../ui';
import { Severity, type LogEntry } from '../wire/proto';
import { FilterBar } from './FilterBar';
import { filterOf, passing, queryOf, severityName, type LogFilter } from './filter';
import { GapNote, gapsByLine } from './GapNote';
import { firstAfter, missing, NO_LINES, type Gap } from './lines';
import { LogView } from './LogView';
import { wordsOf } from './search';
import type { Following } from './useScroller';
import { useLines } from './useLines';
import { useOlder, type Older } from './useOlder';

/** The log of the daemon as it is written, back to its beginning. */
export function LogsPage() {
  const query = useQuery();
  const filter = useMemo(() => filterOf(query), [query]);
  const choose = useCallback((next: LogFilter) => setQuery(queryOf(next)), []);
  const { lines, gaps } = useLines();
  const older = useOlder(lines ?? NO_LINES, filter);
  const searched = useDeferredValue(filter);
  const live = useMemo(() => passing(lines?.entries ?? [], searched), [lines, searched]);
  const entries = useMemo(() => [...older.entries, ...live], [older.entries, live]);
  const places = useMemo(() => gapsByLine(entries, gaps.all), [entries, gaps.all]);
  const words = useMemo(() => wordsOf(searched.search), [searched]);
  const hasMarketClock = useStatus()?.simulatedSpeed !== undefined;
  const all = older.entries.length + (lines?.entries.length ?? 0);

  return (
    <div className="flex h-full flex-col tablet:p-3">
      <section
        aria-label="Logs"
        className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-card border border-line bg-surface max-tablet:rounded-none max-tablet:border-x-0"
      >
        <h1 className="sr-only">Logs</h1>
        <FilterBar filter={filter} onChange={choose} found={entries.length} all={all}>
          <Missing gap={gaps.all.at(-1)} />
          <Liveness />
        </FilterBar>
        <Head hasMarketClock={hasMarketClock} />
        {lines === undefined ? (
          <Awaited />
        ) : (
          <LogView
            entries={entries}
            words={words}
            hasMarketClock={hasMarketClock}
            top={<Top older={older} isEmpty={entries.length === 0} filter={filter} />}
            onTop={older.error === undefined ? older.load : nothing}
            gapAbove={(id) => {
              const gap = places.get(id);
              return gap && <GapNote gap={gap} gaps={gaps} />;
            }}
          >
            {(following) => <Paused following={following} entries={entries} />}
          </LogView>
        )}
      </section>
    </div>
  );
}

function nothing(): void {
  // After a failure somebody says when to try again.
}

function Head({ hasMarketClock }: { readonly hasMarketClock: boolean }) {
  return (
    <div
      aria-hidden
      className="hidden h-7 shrink-0 items-center gap-x-3 border-b border-l-2 border-line border-l-transparent px-3 text-label text-text-2 tablet:flex"
    >
      <span className="w-[12ch] font-mono text-body">
        <span className="font-sans text-label">Written, NY</span>
      </span>
      {hasMarketClock && (
        <span className="w-[8ch] font-mono text-body">
          <span className="font-sans text-label">Market</span>
        </span>
      )}
      <span className="w-[8ch] font-mono text-body">
        <span className="font-sans text-label">Severity</span>
      </span>
      <span className="w-[11ch] font-mono text-body">
        <span className="font-sans text-label">Component</span>
      </span>
      <span>Message</span>
    </div>
  );
}

/** Says whether new lines come: the stream may be silent. */
function Liveness() {
  const { isStale, silentSeconds, contact } = useHearing();
  if (contact.kind === 'connecting') return <span className="text-text-2">Connecting…</span>;
  if (isStale) return <Chip kind="warn">{silentSeconds > 0 ? `${silentSeconds} s old` : 'No contact'}</Chip>;
  return (
    <span className="text-text-2">
      <span aria-hidden className="mr-1 text-text">
        ●
      </span>
      Live
    </span>
  );
}

/** Says that lines are missing, also where the place is out of sight. */
function Missing({ gap }: { readonly gap: Gap | undefined }) {
  return gap === undefined ? null : <Chip kind="warn">{count(missing(gap))} lines missing</Chip>;
}

/** Says what lies above the first line. */
function Top({ older, isEmpty, filter }: { older: Older; isEmpty: boolean; filter: LogFilter }) {
  if (older.error !== undefined) return <ErrorNote error={older.error} onRetry={older.load} />;
  if (older.isLoading) return <p className="px-3 py-1 text-text-2">Looking for older lines…</p>;
  if (older.hasMore) {
    return (
      <Button kind="quiet" size="row" className="mx-2" onClick={older.load}>
        Older lines
      </Button>
    );
  }
  if (isEmpty) return <Note>{emptiness(filter)}</Note>;
  return <p className="px-3 py-1 text-text-3">The first line that passes.</p>;
}

function emptiness(filter: LogFilter): string {
  const severity =
    filter.severity === Severity.DEBUG ? '' : ` of severity ${severityName(filter.severity)} or graver`;
  const parts = filter.components.length > 0 ? ' of these components' : '';
  const words = filter.search.trim() === '' ? '' : ` with “${filter.search.trim()}”`;
  return `No line${severity}${parts}${words} has been written.`;
}

/** Counts what has come while the lines stand still, and leads back to the newest. */
function Paused({
  following,
  entries,
}: {
  readonly following: Following;
  readonly entries: readonly LogEntry[];
}) {
  const { isFollowing, resume } = following;
  const last = entries.at(-1)?.id ?? 0n;
  const [seen, setSeen] = useState(last);
  if (isFollowing && seen !== last) setSeen(last);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'End' && !isTyping(event.target)) resume();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [resume]);
  if (isFollowing) return null;
  const fresh = entries.slice(firstAfter(entries, seen));
  return (
    <div className="absolute right-4 bottom-3 flex items-center gap-2">
      <Button size="row" aria-keyshortcuts="End" onClick={resume} className="shadow-lg">
        {newLines(fresh)} <span aria-hidden>↓</span>
      </Button>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Writes how many lines have come: `128 new lines, 2 warnings, 1 error`. */
export function newLines(fresh: readonly LogEntry[]): string {
  if (fresh.length === 0) return 'Paused · no new lines';
  const graded = (severity: Severity) => fresh.filter((entry) => entry.severity === severity).length;
  const told = [plural(fresh.length, 'new line')];
  if (graded(Severity.WARN) > 0) told.push(plural(graded(Severity.WARN), 'warning'));
  if (graded(Severity.ERROR) > 0) told.push(plural(graded(Severity.ERROR), 'error'));
  return told.join(', ');
}

function Awaited() {
  return (
    <div aria-busy className="flex flex-col gap-1 p-3">
      {Array.from({ length: 12 }, (_, row) => (
        <Skeleton key={row} className="h-4.5 w-full" />
      ))}
    </div>
  );
}
