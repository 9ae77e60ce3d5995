import { useMemo } from 'react';

import type { TradeLevels } from '../charts';
import { count, dateClock, held, money, pnl, price, rMultiple } from '../format';
import { DayChart } from '../signals/DayChart';
import { exitWords } from '../signals/reasons';
import { Rows } from '../signals/Rows';
import { SignalDetail } from '../signals/SignalDetail';
import { SideLabel, Signed, Time } from '../ui';
import { Drawer } from '../ui/Drawer';
import { Side, type Trade } from '../wire/proto';

/** Shows a trade: what came of it, its chart, and the decision that led to it. */
export function TradeDrawer({ trade, onClose }: { readonly trade: Trade; readonly onClose: () => void }) {
  const levels = useMemo(() => levelsOf(trade), [trade]);
  return (
    <Drawer
      title={trade.symbol}
      aside={
        <>
          <SideLabel side={trade.side} />
          <span>{count(trade.quantity)}</span>
          <span>{trade.date}</span>
          <Signed value={trade.netPnl} write={pnl} className="font-semibold" />
          <Signed value={trade.rMultiple} write={rMultiple} className="font-semibold" />
        </>
      }
      onClose={onClose}
      className="desktop:w-[720px]"
    >
      <div className="border-b border-line px-3 py-2">
        <Rows
          rows={[
            ['Entry', <Time key="in" at={trade.entryTime} write={dateClock} />],
            ['Entry price', price(trade.entryPrice)],
            ['Strategy', trade.strategy],
            ['Exit', <Time key="out" at={trade.exitTime} write={dateClock} />],
            ['Exit price', price(trade.exitPrice)],
            ['Exit by', exitWords(trade.exitReason)],
            ['Fees', money(trade.fees)],
            ['Held', held(trade.duration)],
            ['Without a stop', held(trade.unprotected)],
          ]}
        />
      </div>
      {trade.signalId === undefined ? (
        <div className="h-72">
          <DayChart symbol={trade.symbol} date={trade.date} levels={levels} />
        </div>
      ) : (
        <SignalDetail id={trade.signalId} trade={levels} />
      )}
    </Drawer>
  );
}

function levelsOf(trade: Trade): TradeLevels {
  return {
    side: trade.side === Side.SHORT ? 'short' : 'long',
    entryPrice: trade.entryPrice,
    entryTime: trade.entryTime,
    lastPrice: trade.exitPrice,
    exitTime: trade.exitTime,
  };
}
