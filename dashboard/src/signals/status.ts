/** How far a signal has come: words, and what counts as active. Pure. */

import { SignalStatus } from '../wire/proto';

const WORDS: Record<SignalStatus, string> = {
  [SignalStatus.UNSPECIFIED]: 'unknown',
  [SignalStatus.PENDING]: 'pending',
  [SignalStatus.SUBMITTED]: 'submitted',
  [SignalStatus.WORKING]: 'working',
  [SignalStatus.PARTIALLY_FILLED]: 'partly filled',
  [SignalStatus.FILLED]: 'filled',
  [SignalStatus.CANCELLED]: 'cancelled',
  [SignalStatus.EXPIRED]: 'expired',
  [SignalStatus.REJECTED]: 'rejected',
  [SignalStatus.UNKNOWN]: 'unanswered',
};

/** Every status that the daemon sends, in the order of a signal's life. */
export const STATUSES: readonly SignalStatus[] = [
  SignalStatus.PENDING,
  SignalStatus.SUBMITTED,
  SignalStatus.WORKING,
  SignalStatus.PARTIALLY_FILLED,
  SignalStatus.FILLED,
  SignalStatus.CANCELLED,
  SignalStatus.EXPIRED,
  SignalStatus.REJECTED,
  SignalStatus.UNKNOWN,
];

/** Returns the word for a status; one that this page does not know is shown by its number. */
export function statusWord(status: SignalStatus): string {
  return (WORDS as Partial<Record<number, string>>)[status] ?? `unknown status ${status}`;
}

/** Returns a status as it stands in the address: `partially_filled`. */
export function statusKey(status: SignalStatus): string {
  return SignalStatus[status].toLowerCase();
}

/** Returns the status of a text from the address; `undefined` when there is none of that name. */
export function statusOf(key: string): SignalStatus | undefined {
  return STATUSES.find((status) => statusKey(status) === key);
}

/** Says whether something may still come of a signal without anybody's doing. */
export function isActive(status: SignalStatus): boolean {
  switch (status) {
    case SignalStatus.PENDING:
    case SignalStatus.SUBMITTED:
    case SignalStatus.WORKING:
    case SignalStatus.PARTIALLY_FILLED:
    case SignalStatus.UNKNOWN:
      return true;
    case SignalStatus.UNSPECIFIED:
    case SignalStatus.FILLED:
    case SignalStatus.CANCELLED:
    case SignalStatus.EXPIRED:
    case SignalStatus.REJECTED:
      return false;
  }
}
