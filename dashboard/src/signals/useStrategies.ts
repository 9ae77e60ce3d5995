import { useApi } from '../session/session';
import { useCall } from '../state/call';
import { useLedger } from '../state/live';

/** Follows the names of the strategies that the ledger knows; empty until they are known. */
export function useStrategies(): readonly string[] {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, 'strategies']);
  const { data } = useCall(key, (signal) => api.history.getMetrics({}, { signal }));
  return data?.strategies ?? NONE;
}

const NONE: readonly string[] = [];
