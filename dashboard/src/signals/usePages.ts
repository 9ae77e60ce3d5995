import { ConnectError } from '@connectrpc/connect';
import { useEffect, useEffectEvent, useRef, useState } from 'react';

/** One page of a list: its rows, and the token of the next page, empty on the last one. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly next: string;
}

/** The pages of a list so far. */
export interface Pages<T> {
  /** The rows of all pages; absent until the first has come. */
  readonly rows: readonly T[] | undefined;
  /** Why the last page that was asked for did not come; absent when it did or is awaited. */
  readonly error: ConnectError | undefined;
  readonly isLoading: boolean;
  /** Whether all rows are there. */
  readonly isWhole: boolean;
  /** Asks for the next page, or again for one that did not come; does nothing while one is awaited. */
  readonly more: () => void;
}

interface State<T> {
  readonly key: string;
  readonly rows: readonly T[] | undefined;
  readonly next: string;
  readonly error: ConnectError | undefined;
}

/** Asks for a list page by page, and anew whenever `key`, which names all that `load` depends on, changes. */
export function usePages<T>(
  key: string | null,
  load: (pageToken: string, signal: AbortSignal) => Promise<Page<T>>,
): Pages<T> {
  const [state, setState] = useState<State<T>>();
  const [awaited, setAwaited] = useState<string>();
  const abort = useRef<AbortController>(undefined);
  const fetchPage = (asked: string, before: readonly T[], pageToken: string) => {
    const controller = new AbortController();
    abort.current = controller;
    load(pageToken, controller.signal)
      .then(
        ({ rows, next }) => ({ key: asked, rows: [...before, ...rows], next, error: undefined }),
        (error: unknown) => ({
          key: asked,
          rows: pageToken === '' ? undefined : before,
          next: pageToken,
          error: ConnectError.from(error),
        }),
      )
      .then((next) => {
        setAwaited((before) => (before === asked ? undefined : before));
        if (!controller.signal.aborted) setState(next);
      }, ignore);
  };
  const begin = useEffectEvent((asked: string) => fetchPage(asked, [], ''));
  useEffect(() => {
    if (key === null) return;
    begin(key);
    return () => abort.current?.abort();
  }, [key]);
  const current = state?.key === key ? state : undefined;
  const isLoading = key !== null && (current === undefined || awaited === key);
  return {
    rows: current?.rows,
    error: current?.error,
    isLoading,
    isWhole: current?.rows !== undefined && current.next === '',
    more: () => {
      if (key === null || isLoading) return;
      setAwaited(key);
      fetchPage(key, current?.rows ?? [], current?.next ?? '');
    },
  };
}

function ignore(): void {
  // The state is only set, which does not fail.
}
