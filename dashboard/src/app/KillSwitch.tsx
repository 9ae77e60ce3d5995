import { clock } from '../format';
import { useApi, useMayAct } from '../session/session';
import { useStatus } from '../state/live';
import { Button, classes, Octagon } from '../ui';
import { isUnderWay } from '../wire/command';
import { HoldKind } from '../wire/proto';
import { show } from './shownDialog';
import { engage, useKill } from './kill';

/** The id of the button, to which the key K leads. */
export const KILL_BUTTON = 'kill';

/** The two buttons that stop: each keeps its place, its width and its meaning. */
export function KillSwitch({ isLarge = false }: { readonly isLarge?: boolean }) {
  const api = useApi();
  const status = useStatus();
  const kill = useKill();
  if (!useMayAct()) return null;
  const hold = status?.holds.find((each) => each.kind === HoldKind.KILL);
  const isKilled = hold !== undefined;
  const isKilling = isUnderWay(kill?.sent) && !isKilled;
  const size = isLarge ? 'h-13! text-[15px] rounded-card!' : '';
  const label = isKilled ? `Killed ${clock(hold.since)}` : isKilling ? 'Killing…' : 'Kill';
  return (
    <div className={classes('flex', isLarge ? 'gap-2' : 'gap-px')} role="group" aria-label="Kill switch">
      <Button
        id={isLarge ? undefined : KILL_BUTTON}
        kind="danger"
        aria-disabled={isKilled || isKilling}
        aria-keyshortcuts="k"
        title={isKilled ? 'Entries are stopped' : 'Stops all entries at once. Stops stay in place.'}
        className={classes(size, isLarge ? 'flex-1' : 'w-34 rounded-r-none', 'px-2')}
        onClick={() => !isKilled && !isKilling && engage(api)}
      >
        <Octagon className="size-3.5" />
        <span>{label}</span>
        {!isLarge && !isKilled && !isKilling && (
          <kbd className="rounded border border-white/50 px-1 font-sans text-label">K</kbd>
        )}
      </Button>
      <Button
        kind={isLarge ? 'plain' : 'danger'}
        title={
          isKilled
            ? 'Closes every position'
            : 'Stops all entries at once, then asks whether to close everything'
        }
        className={classes(size, isLarge ? 'w-35' : 'w-34 rounded-l-none')}
        onClick={() => (isKilled ? show('kill') : engage(api))}
      >
        {isKilled ? 'Flatten…' : 'Kill + flatten…'}
      </Button>
    </div>
  );
}
