import { fromMicros, plural, pnl, sum } from '../format';
import { useApi } from '../session/session';
import { close } from '../state/closing';
import { useStatus } from '../state/live';
import { Dialog, Signed, Triangle } from '../ui';
import { TradingState, type Position } from '../wire/proto';
import { courseOf, FlattenPart, useFlatten } from './FlattenPart';
import { DialogBand } from './ModeBand';
import { hideDialog } from './shownDialog';

/** Closes every position, without stopping what comes after. */
export function FlattenDialog() {
  const api = useApi();
  const flatten = useFlatten();
  const { open, asked, reason } = flatten;
  const total = sum(open.map((position) => position.unrealizedPnl));
  const closeAll = () =>
    void close(flatten.ask(), (requestId, options) =>
      api.control.closeAllPositions({ requestId, reason: reason.trim() }, options),
    );
  return (
    <Dialog title={titleOf(open, asked)} band={<DialogBand />} onClose={hideDialog}>
      <FlattenPart flatten={flatten} onHeld={closeAll} onLeave={hideDialog}>
        <p className="text-text-2">
          Together <Signed value={total === undefined ? undefined : fromMicros(total)} write={pnl} />. Working
          entries are cancelled.
        </p>
        <EntriesWarning />
      </FlattenPart>
    </Dialog>
  );
}

function EntriesWarning() {
  const state = useStatus()?.state;
  if (state !== TradingState.ACTIVE) return null;
  return (
    <p className="text-warn">
      <Triangle /> Entries may resume as soon as all is flat. Kill stops these too.
    </p>
  );
}

function titleOf(open: readonly Position[], asked: readonly Position[] | undefined): string {
  if (asked !== undefined) return courseOf(asked, open);
  if (open.length === 0) return 'Nothing is open.';
  return `Flatten ${plural(open.length, 'position')}?`;
}
