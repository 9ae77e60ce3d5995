import { clock, plural } from '../format';
import { useApi } from '../session/session';
import { useStatus } from '../state/live';
import { Dialog } from '../ui';
import { HoldKind, type Position, type SetKillSwitchResponse } from '../wire/proto';
import { courseOf, FlattenPart, useFlatten } from './FlattenPart';
import { explainKill, flattenKilled, useKill } from './kill';
import { DialogBand } from './ModeBand';
import { Progress } from './Progress';
import { hideDialog } from './shownDialog';

/** What follows a kill: entries are stopped; shall the positions be closed too? The page stays visible behind. */
export function KillPopover() {
  const api = useApi();
  const kill = useKill();
  const flatten = useFlatten();
  const { open, asked } = flatten;
  const reason = flatten.reason.trim();
  const hold = useStatus()?.holds.find((each) => each.kind === HoldKind.KILL);
  const keep = () => {
    if (reason !== '' && asked === undefined) void explainKill(api, reason);
    hideDialog();
  };
  return (
    <Dialog
      title={titleOf(hold !== undefined, open, asked)}
      band={<DialogBand />}
      place="anchored"
      isModal={false}
      onClose={keep}
    >
      <div className="flex flex-col gap-1 text-text-2">
        {hold !== undefined && (
          <p>
            Killed at {clock(hold.since)}. {cancelWords(kill?.sent.reply)}
            {asked === undefined && ' Stops stay in place.'}
          </p>
        )}
        <Progress sent={kill?.sent} verifiedMs={kill?.verifiedMs} shell="orbctl kill" />
      </div>
      <FlattenPart
        flatten={flatten}
        onHeld={() => void flattenKilled(api, flatten.ask(), reason)}
        onLeave={keep}
      />
    </Dialog>
  );
}

function titleOf(
  isKilled: boolean,
  open: readonly Position[],
  asked: readonly Position[] | undefined,
): string {
  if (asked !== undefined) return courseOf(asked, open);
  if (!isKilled) return 'Stopping all entries…';
  if (open.length === 0) return 'Entries are stopped. Nothing is open.';
  return `Entries are stopped. Close ${plural(open.length, 'position')} too?`;
}

/** Says how many cancels the broker has confirmed, and how many it has not. */
export function cancelWords(reply: SetKillSwitchResponse | undefined): string {
  if (reply === undefined) return '';
  const { ordersCancelled: cancelled, unconfirmedOrders } = reply;
  const open = unconfirmedOrders.length;
  const done =
    cancelled === 0
      ? 'No working entry was cancelled.'
      : `${cancelled} working ${cancelled === 1 ? 'entry was' : 'entries were'} cancelled.`;
  return open === 0 ? done : `${done} ${open} not confirmed yet.`;
}
