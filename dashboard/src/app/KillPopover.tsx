import { useState } from 'react';

import { clock } from '../format';
import { useApi } from '../session/session';
import { useClosings } from '../state/closing';
import { usePositions, useStatus } from '../state/live';
import { Button, Dialog, Field } from '../ui';
import { HoldKind, type Position, type SetKillSwitchResponse } from '../wire/proto';
import { hideDialog } from './shownDialog';
import { HoldOrType } from './HoldOrType';
import { explainKill, flattenKilled, useKill } from './kill';
import { DialogBand } from './ModeBand';
import { PositionRows } from './PositionRows';
import { Progress } from './Progress';

/** What follows a kill: entries are stopped; shall the positions be closed too? The page stays visible behind. */
export function KillPopover() {
  const api = useApi();
  const kill = useKill();
  const closings = useClosings();
  const open = usePositions() ?? [];
  const [flattened, setFlattened] = useState<readonly Position[]>();
  const [reason, setReason] = useState('');
  const asked = flattened ?? open;
  const hold = useStatus()?.holds.find((each) => each.kind === HoldKind.KILL);
  const keep = () => {
    if (reason.trim() !== '') void explainKill(api, reason.trim());
    hideDialog();
  };
  const flatten = () => {
    setFlattened(open);
    void flattenKilled(api, open, reason.trim());
  };
  const first = flattened?.[0];
  return (
    <Dialog
      title={titleOf(hold !== undefined, open.length, flattened)}
      band={<DialogBand />}
      place="anchored"
      isModal={false}
      onClose={keep}
    >
      <div className="flex flex-col gap-1 text-text-2">
        {hold !== undefined && (
          <p>
            Killed at {clock(hold.since)}. {cancelWords(kill?.sent.reply)}
            {flattened === undefined && ' Stops stay in place.'}
          </p>
        )}
        <Progress sent={kill?.sent} verifiedMs={kill?.verifiedMs} shell="orbctl kill" />
      </div>
      {asked.length > 0 && <PositionRows positions={asked} />}
      {first !== undefined && <Progress sent={closings.get(first.tradeId)?.sent} />}
      {flattened === undefined && open.length > 0 ? (
        <>
          <Field
            label="Reason, kept in the audit log"
            placeholder="optional"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <HoldOrType
            word="flatten"
            onDone={flatten}
            harmless={
              <Button data-autofocus onClick={keep}>
                Keep positions
              </Button>
            }
          >
            Hold to flatten {open.length}
          </HoldOrType>
        </>
      ) : (
        <Button data-autofocus onClick={keep}>
          Done
        </Button>
      )}
    </Dialog>
  );
}

function titleOf(isKilled: boolean, open: number, flattened: readonly Position[] | undefined): string {
  if (flattened !== undefined)
    return open === 0 ? 'Everything is flat.' : `Closing ${flattened.length} positions`;
  if (!isKilled) return 'Stopping all entries…';
  if (open === 0) return 'Entries are stopped. Nothing is open.';
  return `Entries are stopped. Close ${open} ${open === 1 ? 'position' : 'positions'} too?`;
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
