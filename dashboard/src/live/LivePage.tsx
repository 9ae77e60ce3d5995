import { useEffect, useEffectEvent, useState } from 'react';

import { isDialogShown } from '../app/shownDialog';
import { isTyping } from '../app/keys';
import { useIsPhone } from '../ui/useIsPhone';
import { Activity } from './Activity';
import { useDayTrades } from './dayTrades';
import { FigureStrip } from './FigureStrip';
import { PnlPanel } from './PnlPanel';
import { PositionChart } from './PositionChart';
import { PositionSheet } from './PositionSheet';
import { PositionsPanel } from './PositionsPanel';
import { useRows, type OpenRow } from './rows';

/** What is open and how the day goes. */
export function LivePage() {
  const rows = useRows();
  const trades = useDayTrades();
  const isPhone = useIsPhone();
  const [chosen, setChosen] = useState<string>();
  const open = rows?.open ?? [];
  const found = open.find((row) => row.position.tradeId === chosen);
  const selected = found ?? open[0];
  useArrows(open, selected, setChosen);
  return (
    <main
      aria-label="Live"
      className="flex h-full flex-col gap-3 overflow-auto p-3 max-tablet:gap-2 max-tablet:p-0 desktop:overflow-hidden"
    >
      <h1 className="sr-only">Live</h1>
      <FigureStrip trades={trades} />
      <div className="grid min-h-0 flex-1 gap-3 max-tablet:gap-2 max-desktop:flex-none desktop:grid-cols-[minmax(0,1fr)_470px]">
        <div className="flex min-h-0 flex-col gap-3 max-tablet:gap-2">
          <PositionsPanel rows={rows} selected={selected?.position.tradeId} onSelect={setChosen} />
          <PnlPanel trades={trades} />
        </div>
        {!isPhone && (
          <div className="flex min-h-0 flex-col gap-3 max-desktop:min-h-[560px]">
            <PositionChart position={selected?.position} />
            <Activity trades={trades} />
          </div>
        )}
      </div>
      {isPhone && found !== undefined && <PositionSheet row={found} onClose={() => setChosen(undefined)} />}
    </main>
  );
}

/** The arrows select a row, wherever the focus is, unless somebody types. */
function useArrows(
  open: readonly OpenRow[],
  selected: OpenRow | undefined,
  select: (tradeId: string) => void,
) {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || isTyping(event.target) || isDialogShown()) return;
    const index = open.findIndex((row) => row === selected) + step;
    const next = open[Math.max(0, Math.min(index, open.length - 1))];
    if (next === undefined) return;
    event.preventDefault();
    select(next.position.tradeId);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
