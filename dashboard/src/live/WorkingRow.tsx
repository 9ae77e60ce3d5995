import { useState } from 'react';

import { between, clock, filled, latency, price } from '../format';
import { useApi, useMayAct } from '../session/session';
import { Button, Chip, sentence, SideLabel } from '../ui';
import { isUnderWay, send, type Sent } from '../wire/command';
import { CancelOutcome, SignalStatus, type CancelOrderResponse, type Signal } from '../wire/proto';
import type { Entry } from './working';

/** The columns that an entry's words take. */
const WIDE = 8;

/** An entry that works and takes a slot, dashed because nothing is open yet. */
export function WorkingRow({ entry }: { readonly entry: Entry }) {
  const { signal } = entry;
  const mayAct = useMayAct();
  const cancel = useCancel(signal);
  return (
    <tr className="h-10 border-t border-dashed border-edge text-text-2">
      <th scope="row" className="pl-3 text-left font-semibold text-text">
        {signal.symbol}
      </th>
      <td>
        <SideLabel side={signal.side} />
      </td>
      <td className="text-right">{filled(signal.filledQuantity, signal.quantity)}</td>
      <td colSpan={WIDE} className="truncate pl-4">
        <Chip kind="dashed">{entryWord(signal)}</Chip>{' '}
        <span className="ml-1">{entryWords(signal, cancel.sent)}</span>
      </td>
      <td className="pr-3 text-right">
        {mayAct && entry.endedAt === undefined && signal.clientOrderId !== undefined && (
          <Button size="row" className="w-20 px-1!" disabled={isUnderWay(cancel.sent)} onClick={cancel.press}>
            Cancel
          </Button>
        )}
      </td>
    </tr>
  );
}

/** Cancels an entry; a click is enough, since nothing is lost by it. */
function useCancel(signal: Signal) {
  const api = useApi();
  const [sent, setSent] = useState<Sent<CancelOrderResponse>>();
  const clientOrderId = signal.clientOrderId;
  const press = () => {
    if (clientOrderId === undefined) return;
    void send(
      (requestId, options) => api.control.cancelOrder({ requestId, clientOrderId }, options),
      setSent,
    );
  };
  return { sent, press };
}

/** Returns the word for how far an entry is. */
export function entryWord(signal: Signal): string {
  return SignalStatus[signal.status].toLowerCase().replace('_', ' ');
}

function entryWords(signal: Signal, sent: Sent<CancelOrderResponse> | undefined): string {
  if (sent?.phase === 'failed' && sent.error !== undefined) return sentence(sent.error);
  if (isUnderWay(sent)) return 'cancelling…';
  if (sent?.reply?.outcome === CancelOutcome.IN_PROGRESS)
    return 'cancel accepted, not confirmed by the broker yet';
  const parts = [`entry ${price(signal.level)}`];
  // A stream does not tell when the order was sent: the way from the decision on is the longer one.
  const way = between(signal.submittedTime ?? signal.time, signal.acknowledgedTime);
  if (way !== undefined) parts.push(`accepted ${latency(way)}`);
  parts.push(signal.reason ?? '', clock(signal.time));
  return parts.filter((part) => part !== '').join(' · ');
}
