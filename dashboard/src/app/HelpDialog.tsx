import { Button, Dialog } from '../ui';
import { hideDialog } from './shownDialog';
import { KEYS } from './keys';

/** The keys of the page. */
export function HelpDialog() {
  return (
    <Dialog title="Keys" onClose={hideDialog}>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-2">
        {KEYS.map(([key, words]) => (
          <div key={key} className="contents">
            <dt className="font-semibold">{key}</dt>
            <dd className="text-text-2">{words}</dd>
          </div>
        ))}
      </dl>
      <p className="text-text-2">
        Times are New York’s; hovering or the focus shows UTC. Figures that are old turn grey.
      </p>
      <Button data-autofocus onClick={hideDialog}>
        Close
      </Button>
    </Dialog>
  );
}
