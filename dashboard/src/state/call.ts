import { ConnectError } from '@connectrpc/connect';
import { useCallback, useEffect, useState } from 'react';

/** What a call to the daemon has brought so far. */
export interface Called<T> {
  /** The last answer to this question; absent until there is one. */
  readonly data: T | undefined;
  /** Why there is none; absent while it is awaited. */
  readonly error: ConnectError | undefined;
  readonly isLoading: boolean;
  /** Asks again. */
  readonly reload: () => void;
}

/**
 * Asks the daemon, and again whenever `key` changes; `null` asks nothing.
 *
 * `key` must name all that `load` depends on, such as the ledger, filters and dates as JSON. An answer to an older
 * question is never shown; while the same question is asked again, the answer before stays.
 */
export function useCall<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Called<T> {
  const [answer, setAnswer] = useState<{ key: string; data?: T; error?: ConnectError }>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    load(abort.signal).then(
      (data) => abort.signal.aborted || setAnswer({ key, data }),
      (error: unknown) => abort.signal.aborted || setAnswer({ key, error: ConnectError.from(error) }),
    );
    return () => abort.abort();
    // `load` is made anew at each drawing; `key` says when it is another question.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const current = answer?.key === key ? answer : undefined;
  return {
    data: current?.data,
    error: current?.error,
    isLoading: key !== null && current === undefined,
    reload,
  };
}
