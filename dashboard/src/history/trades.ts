import type { Api } from '../wire/api';
import type { Trade } from '../wire/proto';

/** Trades of a range, and whether these are all. */
export interface TradeList {
  readonly trades: readonly Trade[];
  /** False when there are more than are loaded. */
  readonly isWhole: boolean;
}

/** What trades are asked for. */
export interface TradeQuestion {
  readonly dateFrom: string;
  readonly dateTo: string;
  readonly strategies: string[];
}

const PAGE_SIZE = 1000;
/** A bound on what is sorted in the page: 20,000 trades. */
const PAGES_MAX = 20;

/** Loads the trades of a range, all pages of them, the newest first. */
export async function loadTrades(
  api: Pick<Api, 'history'>,
  question: TradeQuestion,
  signal: AbortSignal,
): Promise<TradeList> {
  const trades: Trade[] = [];
  let pageToken = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await api.history.listTrades({ ...question, pageSize: PAGE_SIZE, pageToken }, { signal });
    trades.push(...answer.trades);
    pageToken = answer.nextPageToken;
    if (pageToken === '') return { trades, isWhole: true };
  }
  return { trades, isWhole: false };
}
