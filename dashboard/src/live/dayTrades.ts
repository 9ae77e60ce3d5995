import { useEffect } from 'react';

import { useApi } from '../session/session';
import { useCall } from '../state/call';
import { useLedger, useStatus } from '../state/live';
import { TradeStatus, type Trade } from '../wire/proto';

/** More trades than this a day are not looked at; the totals of the daemon count them all. */
const PAGES_MAX = 5;

/** Follows the ended trades of the session, the oldest first; asked again when one has ended. Absent before the answer. */
export function useDayTrades(): readonly Trade[] | undefined {
  const api = useApi();
  const ledger = useLedger();
  const status = useStatus();
  const date = status?.session?.date;
  const ended = status?.dayTrades;
  const key = ledger === undefined || date === undefined ? null : JSON.stringify([ledger.id, date]);
  const { data, reload } = useCall(key, async (signal) => {
    const trades: Trade[] = [];
    let pageToken = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { CLOSED } = TradeStatus;
      const request = {
        dateFrom: date ?? '',
        dateTo: date ?? '',
        statuses: [CLOSED],
        pageSize: 1000,
        pageToken,
      };
      const answer = await api.history.listTrades(request, { signal });
      trades.push(...answer.trades);
      pageToken = answer.nextPageToken;
      if (pageToken === '') break;
    }
    return trades.reverse();
  });
  useEffect(() => {
    if (ended === undefined) return;
    reload();
  }, [ended, reload]);
  return data;
}
