import { ConnectError } from '@connectrpc/connect';
import { useCallback, useEffect, useRef, useState } from 'react';

import { fromMs, toMs } from '../format';
import { useApi } from '../session/session';
import type { LogEntry } from '../wire/proto';
import { queryOf, type LogFilter } from './filter';
import type { Lines } from './lines';

/** Lines of a page of older ones. */
const PAGE_SIZE = 500;

/** Lines from before those that the stream has brought, as far as they were asked for. */
export interface Older {
  /** Oldest first. */
  readonly entries: readonly LogEntry[];
  /** Whether there may be more. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: ConnectError | undefined;
  /** Asks for the next older page; does nothing when there is none or it is asked for already. */
  readonly load: () => void;
}

interface Pages {
  /** The row of lines and the filter that these pages belong to. */
  readonly of: string;
  readonly entries: readonly LogEntry[];
  /** Empty before the first page; absent after the last. */
  readonly token: string | undefined;
  readonly error?: ConnectError;
}

/** Follows the older lines that pass a filter. What was asked for is forgotten when the filter or the row changes. */
export function useOlder(lines: Lines, filter: LogFilter): Older {
  const { logs } = useApi();
  const of = JSON.stringify([lines.row, queryOf(filter)]);
  const [pages, setPages] = useState<Pages>({ of, entries: [], token: '' });
  const [asked, setAsked] = useState<string>();
  const abort = useRef<AbortController>(undefined);
  const current: Pages = pages.of === of ? pages : { of, entries: [], token: '' };
  const { entries, token, error } = current;
  const isLoading = asked === of;
  const first = lines.entries[0];

  // What was asked for another filter is not waited for.
  useEffect(
    () => () => {
      abort.current?.abort();
      setAsked(undefined);
    },
    [of],
  );

  const load = useCallback(() => {
    if (isLoading || token === undefined) return;
    abort.current?.abort();
    const asking = new AbortController();
    abort.current = asking;
    setAsked(of);
    const request = {
      pageSize: PAGE_SIZE,
      pageToken: token,
      severityMin: filter.severity,
      components: [...filter.components],
      search: filter.search,
      ...before(first),
    };
    logs
      .listLogs(request, { signal: asking.signal })
      .then(
        (page): Pages => {
          const older = page.entries.filter(({ id }) => first === undefined || id < first.id).reverse();
          const next = page.nextPageToken === '' ? undefined : page.nextPageToken;
          return { of, entries: [...older, ...entries], token: next };
        },
        (cause: unknown): Pages => ({ of, entries, token, error: ConnectError.from(cause) }),
      )
      .then((next) => {
        if (asking.signal.aborted) return;
        setPages(next);
        setAsked(undefined);
      }, ignore);
  }, [logs, of, filter, first, entries, token, isLoading]);

  return { entries, hasMore: token !== undefined, isLoading, error, load };
}

/** Lines of the very instant of the first one are asked for too, and told apart by their ids. */
function before(first: LogEntry | undefined) {
  const ms = toMs(first?.time);
  return ms === undefined
    ? {}
    : { timeTo: { $typeName: 'google.protobuf.Timestamp' as const, ...fromMs(ms + 1) } };
}

function ignore(): void {
  // Both ways of an answer have been taken before.
}
