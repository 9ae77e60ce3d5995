import { useEffect } from 'react';

import { pnl } from '../format';
import { useDayPnl, useFigureAge, useHearing, useLedger, useStatus } from '../state/live';
import { TradingState } from '../wire/proto';
import { modeOf } from './words';

/** Shows the day's result, the mode and a halt where the window is only a tab: `+$1,284.60 · LIVE · orb`. */
export function useWindowSigns(): void {
  const mode = modeOf(useLedger());
  const net = useDayPnl()?.net;
  const isHalted = useStatus()?.state === TradingState.HALTED;
  const { isStale } = useHearing();
  const figure = isStale ? 'NO CONTACT' : net === undefined ? '' : pnl(net);
  const title = [figure, isHalted ? 'HALTED' : '', mode === 'unknown' ? '' : mode.toUpperCase(), 'orb'];
  const text = title.filter((part) => part !== '').join(' · ');
  useEffect(() => {
    document.title = text;
  }, [text]);
  const icon = `/icon-${mode}${isHalted ? '-halted' : ''}.svg`;
  useEffect(() => {
    document.getElementById('favicon')?.setAttribute('href', icon);
  }, [icon]);
  const { isOld } = useFigureAge();
  useEffect(() => {
    document.documentElement.toggleAttribute('data-stale', isOld);
    return () => document.documentElement.removeAttribute('data-stale');
  }, [isOld]);
}
