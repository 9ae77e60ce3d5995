import type { MouseEvent, ReactNode } from 'react';

import { useMayAct } from '../session/session';
import { useLedger, useSignals } from '../state/live';
import { Button, classes, TipLayer } from '../ui';
import { SignalStatus } from '../wire/proto';
import { Dialogs } from './Dialogs';
import { show } from './shownDialog';
import { HealthLine } from './HealthLine';
import { useKeys } from './keys';
import { KillSwitch } from './KillSwitch';
import { ModeBand } from './ModeBand';
import { navigate, usePage, type Page } from './route';
import { StateBar } from './StateBar';
import { useWindowSigns } from './windowSigns';
import { modeOf } from './words';

const NAMES: Record<Page, string> = {
  '/': 'Live',
  '/signals': 'Signals',
  '/history': 'History',
  '/logs': 'Logs',
};

/** What is always visible: where the orders go, what orb may do, how to stop it, and whether all is well. */
export function Frame({ children }: { readonly children: ReactNode }) {
  useKeys();
  useWindowSigns();
  const mode = modeOf(useLedger());
  const mayAct = useMayAct();
  return (
    <div
      className={classes(
        'flex h-full flex-col',
        mode === 'live' && 'border-[3px] border-t-0 border-mode-live',
      )}
    >
      <ModeBand />
      <div className="flex shrink-0 items-center gap-4 border-b border-line bg-surface px-4 py-2 max-tablet:border-0 max-tablet:bg-bg max-tablet:px-2">
        <div className="flex items-center gap-3 max-tablet:hidden">
          <span className="text-[15px] font-bold">orb</span>
          <Tabs />
        </div>
        <StateBar />
        <div className="max-tablet:hidden">
          <KillSwitch />
        </div>
      </div>
      <div className="min-h-0 flex-1">{children}</div>
      <HealthLine />
      <div className="shrink-0 border-t border-line bg-surface p-2 tablet:hidden">
        {mayAct && <KillSwitch isLarge />}
        <Tabs isWide />
      </div>
      <Dialogs />
      <TipLayer />
    </div>
  );
}

function Tabs({ isWide = false }: { readonly isWide?: boolean }) {
  const page = usePage();
  const active = useSignals()?.filter(isActive).length ?? 0;
  return (
    <nav aria-label="Pages" className={classes('flex', isWide ? 'mt-1' : 'gap-1')}>
      {(Object.keys(NAMES) as Page[]).map((each) => (
        <a
          key={each}
          href={each}
          aria-current={each === page ? 'page' : undefined}
          onClick={(event) => follow(event, each)}
          className={classes(
            'flex items-center justify-center rounded-control px-3 font-medium',
            isWide ? 'h-11 flex-1' : 'h-9',
            each === page ? 'bg-raised text-text' : 'text-text-2 hover:text-text',
          )}
        >
          {NAMES[each]}
          {each === '/signals' && active > 0 && !isWide && <span className="ml-2 text-text-3">{active}</span>}
        </a>
      ))}
      {isWide && (
        <Button kind="quiet" className="h-11! flex-1" onClick={() => show('settings')}>
          More
        </Button>
      )}
    </nav>
  );
}

/** A click with a key held opens a new tab, as links do. */
function follow(event: MouseEvent, page: Page): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  navigate(page);
}

/** Says whether a signal is still on its way. */
function isActive({ status }: { readonly status: SignalStatus }): boolean {
  return [
    SignalStatus.PENDING,
    SignalStatus.SUBMITTED,
    SignalStatus.WORKING,
    SignalStatus.PARTIALLY_FILLED,
    SignalStatus.UNKNOWN,
  ].includes(status);
}
