import type { ReactNode } from 'react';

import { span, toMs } from '../format';
import { signOut, useCaller } from '../session/session';
import { useHearing, useStatus } from '../state/live';
import { Button, classes, Octagon, Ring, Time, Triangle } from '../ui';
import { Component, HealthState, HoldKind, type GetStatusResponse } from '../wire/proto';
import { show } from './shownDialog';
import { componentWord, roleWord } from './words';

/** One part of orb in the line of health. */
interface Part {
  readonly name: string;
  readonly state: HealthState;
  readonly value: ReactNode;
  /** In words; shown where the part is not well. */
  readonly detail: string;
}

/** The line at the foot: whether all is well, and who watches. */
export function HealthLine() {
  const status = useStatus();
  const { isStale } = useHearing();
  const parts = isStale || status === undefined ? [] : partsOf(status);
  const worst = parts.filter((part) => part.state !== HealthState.OK);
  const summary =
    parts.length === 0 ? 'Unknown' : worst.length === 0 ? 'All healthy' : `${worst.length} not healthy`;
  return (
    // On a phone there is room for it only when something is wrong.
    <footer
      className={classes(
        'flex h-8 shrink-0 items-center gap-x-6 overflow-hidden border-t border-line bg-surface px-4 whitespace-nowrap text-text-2',
        worst.length === 0 && 'max-tablet:hidden',
      )}
    >
      <strong className={classes('font-semibold', worst.length > 0 ? 'text-warn' : 'text-text')}>
        {summary}
      </strong>
      {parts.length === 0 ? (
        <UnknownParts />
      ) : (
        sorted(parts).map((part) => <PartMark key={part.name} part={part} />)
      )}
      <span className="ml-auto flex items-center gap-3 max-tablet:hidden">
        <span>
          Charts by{' '}
          <a className="underline" href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
            TradingView
          </a>
        </span>
        <Who />
        {status?.build !== undefined && (
          <span className="max-desktop:hidden">orb {status.build.version}</span>
        )}
      </span>
    </footer>
  );
}

function Who() {
  const caller = useCaller();
  return (
    <span className="flex items-center">
      {caller !== undefined && `${caller.actor}, ${roleWord(caller.role)}`}
      <Button kind="quiet" size="row" className="ml-2 h-6! px-2" onClick={() => show('settings')}>
        Settings
      </Button>
      <Button kind="quiet" size="row" className="h-6! px-2" onClick={signOut}>
        Sign out
      </Button>
    </span>
  );
}

function UnknownParts() {
  return ['Feed', 'Broker', 'Store', 'Clock', 'Reconciled'].map((name) => (
    <span key={name} className="inline-flex items-center gap-2">
      <Ring /> {name} ?
    </span>
  ));
}

function PartMark({ part }: { readonly part: Part }) {
  const isWell = part.state === HealthState.OK;
  const Shape = isWell ? Ring : part.state === HealthState.DOWN ? Octagon : Triangle;
  const colour = isWell ? '' : part.state === HealthState.DOWN ? 'text-danger' : 'text-warn';
  return (
    <span className={classes('inline-flex min-w-0 items-center gap-2', colour)} title={part.detail}>
      <Shape /> {part.name} <span className={isWell ? 'text-text' : ''}>{part.value}</span>
      {!isWell && part.detail !== '' && <span className="truncate">{part.detail}</span>}
    </span>
  );
}

/** What is not well comes first. */
function sorted(parts: readonly Part[]): readonly Part[] {
  return [...parts].sort((a, b) => b.state - a.state);
}

/** Returns the parts with the figures that the daemon tells of them. */
export function partsOf(status: GetStatusResponse): Part[] {
  const holds = new Set(status.holds.map((hold) => hold.kind));
  const reported = status.health.map((part): Part => {
    const feed = part.component === Component.DATA ? feedAge(status) : undefined;
    return {
      name: nameOf(part.component),
      state: part.state,
      value: feed ?? stateWord(part.state),
      detail: part.detail,
    };
  });
  const clock = holds.has(HoldKind.CLOCK_SKEW) ? HealthState.DEGRADED : HealthState.OK;
  return [
    ...reported,
    {
      name: 'Clock',
      state: clock,
      value: clock === HealthState.OK ? 'ok' : '',
      detail:
        clock === HealthState.OK
          ? 'Within the limit; beyond it entries are held'
          : 'differs from the broker’s',
    },
    { name: 'Reconciled', ...reconciled(status, holds) },
  ];
}

function reconciled(status: GetStatusResponse, holds: ReadonlySet<HoldKind>): Omit<Part, 'name'> {
  const value = <Time at={status.lastReconcileTime} />;
  if (holds.has(HoldKind.RECONCILE_BREAK))
    return { state: HealthState.DOWN, value, detail: 'the books differ' };
  if (holds.has(HoldKind.RECONCILING))
    return { state: HealthState.DEGRADED, value, detail: 'comparing the books' };
  const detail = status.lastReconcileTime === undefined ? 'The daemon does not tell when' : '';
  return { state: HealthState.OK, value, detail };
}

function feedAge(status: GetStatusResponse): string | undefined {
  const ms = toMs(status.feed?.age);
  return ms === undefined ? undefined : span(ms);
}

/** The executor is what speaks with the broker where no other part does. */
function nameOf(component: Component): string {
  return component === Component.EXECUTOR ? 'Broker' : componentWord(component);
}

function stateWord(state: HealthState): string {
  switch (state) {
    case HealthState.OK:
      return 'ok';
    case HealthState.DEGRADED:
      return 'degraded';
    case HealthState.DOWN:
      return 'down';
    case HealthState.UNSPECIFIED:
      return 'unknown';
  }
}
