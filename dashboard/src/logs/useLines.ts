import { ConnectError } from '@connectrpc/connect';
import { useCallback, useRef, useState } from 'react';

import { fromMs, toMs, type Instant } from '../format';
import { useApi } from '../session/session';
import { useLogs } from '../state/live';
import type { Api } from '../wire/api';
import { Severity, type LogEntry } from '../wire/proto';
import { fill, firstAfter, follow, NO_LINES, type Gap, type Lines } from './lines';

/** Lines of a page, and the pages of a gap that are asked for at one press. */
const PAGE_SIZE = 1000;
const PAGES_MAX = 10;
/** Lines are numbered when they are stored, so a neighbour's time may be a little later. */
const MARGIN_MS = 1000;

/** Lines that the stream has passed over, and what brings them. */
export interface Gaps {
  readonly all: readonly Gap[];
  readonly isLoading: boolean;
  /** Why the last ones that were asked for did not come; absent when they did. */
  readonly error: ConnectError | undefined;
  /** Asks for the lines of a gap; does nothing while others are awaited. */
  readonly load: (gap: Gap) => void;
}

/** Follows the lines that the stream brings, absent before the first snapshot, and the gaps between them. */
export function useLines(): { readonly lines: Lines | undefined; readonly gaps: Gaps } {
  const { logs } = useApi();
  const newest = useLogs();
  const [kept, setKept] = useState(NO_LINES);
  const [state, setState] = useState<{ isLoading: boolean; error?: ConnectError }>({ isLoading: false });
  const isAsking = useRef(false);
  const lines = newest === undefined ? kept : follow(kept, newest);
  // Taken in while drawing, so that no drawing shows less than the one before.
  if (lines !== kept) setKept(lines);
  const load = useCallback(
    (gap: Gap) => {
      if (isAsking.current) return;
      isAsking.current = true;
      setState({ isLoading: true });
      loadGap(logs, lines, gap)
        .then(
          ({ entries, isWhole }) => {
            setKept((now) => (now.gaps.includes(gap) ? fill(now, gap, entries, isWhole) : now));
            setState({ isLoading: false });
          },
          (cause: unknown) => setState({ isLoading: false, error: ConnectError.from(cause) }),
        )
        .finally(() => (isAsking.current = false));
    },
    [logs, lines],
  );
  const isAwaited = newest === undefined && lines === NO_LINES;
  return {
    lines: isAwaited ? undefined : lines,
    gaps: { all: lines.gaps, isLoading: state.isLoading, error: state.error, load },
  };
}

/** Asks for the lines of a gap from its end on, page by page, up to a bound. */
async function loadGap(
  logs: Pick<Api['logs'], 'listLogs'>,
  lines: Lines,
  gap: Gap,
): Promise<{ entries: LogEntry[]; isWhole: boolean }> {
  const at = firstAfter(lines.entries, gap.after);
  const within = {
    ...edge('timeFrom', lines.entries[at - 1]?.time, -1),
    ...edge('timeTo', lines.entries[at]?.time, 1),
  };
  let [entries, pageToken]: [LogEntry[], string] = [[], ''];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await logs.listLogs({
      pageSize: PAGE_SIZE,
      pageToken,
      severityMin: Severity.DEBUG,
      ...within,
    });
    entries = [...answer.entries.reverse(), ...entries];
    pageToken = answer.nextPageToken;
    if (pageToken === '' || (entries[0]?.id ?? 0n) <= gap.after) return { entries, isWhole: true };
  }
  return { entries, isWhole: false };
}

function edge(name: 'timeFrom' | 'timeTo', at: Instant | undefined, sign: 1 | -1) {
  const ms = toMs(at);
  if (ms === undefined) return {};
  return { [name]: { $typeName: 'google.protobuf.Timestamp' as const, ...fromMs(ms + sign * MARGIN_MS) } };
}
