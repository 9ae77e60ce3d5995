import { createStore, useStore } from '../state/store';
import { close } from '../state/closing';
import { live } from '../state/live';
import type { Api } from '../wire/api';
import { isUnderWay, send, type Sent } from '../wire/command';
import { KillSwitchAction, TradingState, type Position, type SetKillSwitchResponse } from '../wire/proto';
import { show } from './shownDialog';

/** A kill that was asked for on this page. */
export interface Kill {
  readonly sent: Sent<SetKillSwitchResponse>;
  /** Milliseconds until the daemon was halted and no entry worked any more at the broker. Absent before. */
  readonly verifiedMs: number | undefined;
}

const kill = createStore<Kill | undefined>(undefined);

live.subscribe(verify);

/** Follows the kill that was asked for on this page last; absent where there was none. */
export function useKill(): Kill | undefined {
  return useStore(kill);
}

/** Stops all entries, at once and without a question; what follows is asked in a popover, by then they are stopped. */
export function engage(api: Api): void {
  if (isUnderWay(kill.get()?.sent)) return;
  show('kill');
  const { ENGAGE: action } = KillSwitchAction;
  void send(
    (requestId, options) => api.control.setKillSwitch({ requestId, action }, options),
    (sent) => {
      kill.set({ sent, verifiedMs: undefined });
      verify();
    },
  );
}

/** Closes everything under the kill switch, which stays engaged. */
export function flattenKilled(api: Api, positions: readonly Position[], reason: string) {
  const { ENGAGE: action } = KillSwitchAction;
  return close(positions, (requestId, options) =>
    api.control.setKillSwitch({ requestId, action, flatten: true, reason }, options),
  );
}

/** Records why the kill switch is engaged; it stays engaged. */
export function explainKill(api: Api, reason: string) {
  const { ENGAGE: action } = KillSwitchAction;
  return send(
    (requestId, options) => api.control.setKillSwitch({ requestId, action, reason }, options),
    () => undefined,
  );
}

/** The daemon's own books are the proof: halted, and no entry at the broker that is not confirmed gone. */
function verify(): void {
  const now = kill.get();
  if (now?.sent.phase !== 'accepted' || now.verifiedMs !== undefined) return;
  const { status } = live.get().books;
  if (status?.state !== TradingState.HALTED || status.workingEntries > 0) return;
  kill.set({ ...now, verifiedMs: Date.now() - now.sent.askedAt });
}
