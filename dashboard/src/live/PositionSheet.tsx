import { pnl, rMultiple } from '../format';
import { DialogBand } from '../app/ModeBand';
import { CloseState } from '../app/PositionRows';
import { useMayAct } from '../session/session';
import { useClosings } from '../state/closing';
import { useStatus } from '../state/live';
import { Button, Dialog, Signed } from '../ui';
import { CloseButton } from './CloseButton';
import { PositionPicture } from './PositionChart';
import type { OpenRow } from './rows';

interface PositionSheetProps {
  readonly row: OpenRow;
  readonly onClose: () => void;
}

/** A position on a phone: its chart and what closes it. */
export function PositionSheet({ row, onClose }: PositionSheetProps) {
  const { position, isGone } = row;
  const mayAct = useMayAct();
  const date = useStatus()?.session?.date ?? '';
  const closing = useClosings().get(position.tradeId);
  return (
    <Dialog title={position.symbol} band={<DialogBand />} place="sheet" onClose={onClose}>
      <p className="flex gap-3 text-figure">
        <Signed value={position.unrealizedPnl} write={pnl} />
        <Signed value={position.unrealizedR} write={rMultiple} />
      </p>
      <div className="flex h-72 flex-col">
        <PositionPicture position={position} date={date} />
      </div>
      {closing !== undefined && <CloseState closing={closing} now={isGone ? undefined : position} />}
      <div className="grid grid-cols-2 gap-2">
        <Button data-autofocus className="h-11!" onClick={onClose}>
          Back
        </Button>
        {mayAct && !isGone && <CloseButton position={position} className="h-11!" />}
      </div>
    </Dialog>
  );
}
