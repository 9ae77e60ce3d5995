import { Button, Dialog } from '../ui';
import { useAct } from './act';
import { DialogBand } from './ModeBand';
import { Progress } from './Progress';
import { hideDialog } from './shownDialog';

/** How a command that was given by its name comes along: no command fails in silence. */
export function ActDialog() {
  const act = useAct();
  if (act === undefined) return null;
  return (
    <Dialog title={act.name} band={<DialogBand />} onClose={hideDialog}>
      <Progress sent={act.sent} shell={act.shell} />
      <Button data-autofocus onClick={hideDialog}>
        Close
      </Button>
    </Dialog>
  );
}
