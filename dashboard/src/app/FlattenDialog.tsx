import { useState } from 'react';

import { fromMicros, pnl, sum } from '../format';
import { useApi } from '../session/session';
import { close, useClosings } from '../state/closing';
import { usePositions, useStatus } from '../state/live';
import { Button, Dialog, Field, Signed, Triangle } from '../ui';
import { TradingState, type Position } from '../wire/proto';
import { hideDialog } from './shownDialog';
import { HoldOrType } from './HoldOrType';
import { DialogBand } from './ModeBand';
import { PositionRows } from './PositionRows';
import { Progress } from './Progress';

/** Closes every position, without stopping what comes after. */
export function FlattenDialog() {
  const api = useApi();
  const closings = useClosings();
  const open = usePositions() ?? [];
  const [asked, setAsked] = useState<readonly Position[]>();
  const [reason, setReason] = useState('');
  const shown = asked ?? open;
  const total = sum(shown.map((position) => position.unrealizedPnl));
  const flatten = () => {
    setAsked(open);
    void close(open, (requestId, options) =>
      api.control.closeAllPositions({ requestId, reason: reason.trim() }, options),
    );
  };
  const first = asked?.[0];
  return (
    <Dialog title={titleOf(open.length, asked)} band={<DialogBand />} onClose={hideDialog}>
      {shown.length > 0 && <PositionRows positions={shown} />}
      {asked === undefined && open.length > 0 ? (
        <>
          <p className="text-text-2">
            Together <Signed value={total === undefined ? undefined : fromMicros(total)} write={pnl} />.
            Working entries are cancelled.
          </p>
          <EntriesWarning />
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
              <Button data-autofocus onClick={hideDialog}>
                Keep positions
              </Button>
            }
          >
            Hold to flatten {open.length}
          </HoldOrType>
        </>
      ) : (
        <>
          {first !== undefined && <Progress sent={closings.get(first.tradeId)?.sent} />}
          <Button data-autofocus onClick={hideDialog}>
            Done
          </Button>
        </>
      )}
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

function titleOf(open: number, asked: readonly Position[] | undefined): string {
  if (asked !== undefined && open === 0) return 'Everything is flat.';
  if (asked !== undefined) return `Closing ${asked.length} ${asked.length === 1 ? 'position' : 'positions'}`;
  if (open === 0) return 'Nothing is open.';
  return `Flatten ${open} ${open === 1 ? 'position' : 'positions'}?`;
}
