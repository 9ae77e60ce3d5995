import { useMemo } from 'react';

import type { TradeLevels } from '../charts';
import { count, pnl, price, rMultiple } from '../format';
import { useApi } from '../session/session';
import { DayChart } from '../signals/DayChart';
import { useCall } from '../state/call';
import { useFills, useLedger, useStatus } from '../state/live';
import { Note, Panel, SideLabel, Signed } from '../ui';
import { OrderSide, Side, type Explanation, type Fill, type Position } from '../wire/proto';
import { coverage } from './figures';
import { emptyWords } from './PositionsPanel';

/** The chart of the selected position: bars, opening range, levels and fills. */
export function PositionChart({ position }: { readonly position: Position | undefined }) {
  const status = useStatus();
  if (position === undefined) {
    return (
      <Panel title="Chart" className="min-h-64 flex-1">
        <Note>{emptyWords(status)}</Note>
      </Panel>
    );
  }
  return (
    <Panel
      title={position.symbol}
      className="min-h-64 flex-1"
      aside={
        <span className="flex gap-1">
          <SideLabel side={position.side} /> {count(position.quantity)}
        </span>
      }
      actions={
        <span className="flex gap-3 font-semibold">
          <Signed value={position.unrealizedPnl} write={pnl} />
          <Signed value={position.unrealizedR} write={rMultiple} />
        </span>
      }
    >
      <PositionPicture position={position} date={status?.session?.date ?? ''} />
    </Panel>
  );
}

interface PositionPictureProps {
  readonly position: Position;
  readonly date: string;
}

/** The bars with their levels, and what they are in words. */
export function PositionPicture({ position, date }: PositionPictureProps) {
  const explanation = useExplanation(position.tradeId);
  const levels = useLevels(position, explanation);
  const range = explanation?.range;
  return (
    <>
      <div className="relative min-h-0 flex-1">
        <div className="absolute inset-0 flex flex-col">
          <DayChart symbol={position.symbol} date={date} levels={levels} />
        </div>
      </div>
      <p className="flex shrink-0 flex-wrap gap-x-4 border-t border-line px-3 py-2 text-text-2">
        {range !== undefined && (
          <span>
            ORL {price(range.low)} – ORH {price(range.high)}
          </span>
        )}
        <span>Stop covers {coverage(position)}</span>
        <span>{position.strategy}</span>
      </p>
    </>
  );
}

/** The reckoning of the position's signal, which does not change any more. */
function useExplanation(tradeId: string): Explanation | undefined {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, tradeId]);
  return useCall(key, (signal) => api.signals.getSignal({ id: tradeId }, { signal })).data?.explanation;
}

function useLevels(position: Position, explanation: Explanation | undefined): TradeLevels {
  const fills = useFills();
  const { symbol, side, entryPrice, entryTime, stopPrice, targetPrice, lastPrice } = position;
  const range = explanation?.range;
  return useMemo<TradeLevels>(
    () => ({
      side: side === Side.SHORT ? 'short' : 'long',
      entryPrice,
      entryTime,
      stopPrice,
      targetPrice,
      lastPrice,
      range,
      fills: (fills ?? []).filter((fill) => fill.symbol === symbol).flatMap(markOf),
    }),
    [symbol, side, entryPrice, entryTime, stopPrice, targetPrice, lastPrice, range, fills],
  );
}

function markOf({ time, side, price: at }: Fill) {
  return time === undefined ? [] : [{ time, isBuy: side === OrderSide.BUY, price: at }];
}
