import { useMemo } from 'react';

import type { TradeLevels } from '../charts';
import { count, dateClock, held, money, pnl, price, rMultiple } from '../format';
import { DayChart } from '../signals/DayChart';
import { exitWords } from '../signals/reasons';
import { Rows } from '../signals/Rows';
import { SignalDetail } from '../signals/SignalDetail';
import { Button, Dialog, SideLabel, Signed, Time } from '../ui';
import { useIsWide } from '../ui/useIsWide';
import { Side, type Trade } from '../wire/proto';

/** Shows a trade: what came of it, its chart, and the decision that led to it. */
export function TradeDialog({ trade, onClose }: { readonly trade: Trade; readonly onClose: () => void }) {
  const isWide = useIsWide();
  const levels = useMemo(() => levelsOf(trade), [trade]);
  return (
    <Dialog
      title={`${trade.symbol} ${trade.date}`}
      onClose={onClose}
      place={isWide ? 'centre' : 'sheet'}
      {...(isWide ? { className: 'w-[min(860px,calc(100vw-24px))]' } : {})}
    >
      <Rows
        rows={[
          ['Side', <SideLabel key="side" side={trade.side} />],
          ['Quantity', count(trade.quantity)],
          ['Strategy', trade.strategy],
          ['P&L', <Signed key="pnl" value={trade.netPnl} write={pnl} className="font-semibold" />],
          ['R', <Signed key="r" value={trade.rMultiple} write={rMultiple} className="font-semibold" />],
          ['Fees', money(trade.fees)],
          ['Entry', <Time key="in" at={trade.entryTime} write={dateClock} />],
          ['Exit', <Time key="out" at={trade.exitTime} write={dateClock} />],
          ['Held', held(trade.duration)],
          ['Entry price', price(trade.entryPrice)],
          ['Exit price', price(trade.exitPrice)],
          ['Exit by', exitWords(trade.exitReason)],
          ['Without a stop', held(trade.unprotected)],
        ]}
      />
      {/* A scrolling part takes the focus, so that its end can be reached by keys. */}
      <div
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="group"
        aria-label="Chart and decision"
        className="-mx-4 min-h-0 flex-1 overflow-y-auto border-y border-line"
      >
        {trade.signalId === undefined ? (
          <div className="h-72">
            <DayChart symbol={trade.symbol} date={trade.date} levels={levels} />
          </div>
        ) : (
          <SignalDetail id={trade.signalId} trade={levels} />
        )}
      </div>
      <div className="flex justify-end">
        <Button data-autofocus onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
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
