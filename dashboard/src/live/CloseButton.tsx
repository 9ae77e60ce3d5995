import { useEffect, useState } from 'react';

import { count } from '../format';
import { useApi } from '../session/session';
import { close, useClosings } from '../state/closing';
import { Button, classes } from '../ui';
import { isUnderWay } from '../wire/command';
import type { Position } from '../wire/proto';

/** How long the question stands. */
const ASK_MS = 4000;
/** A second click sooner than this is the other half of a double click. */
const SOONEST_MS = 400;

interface CloseButtonProps {
  readonly position: Position;
  readonly className?: string;
}

/** Closes a position: a click asks, a second one that is no double click confirms. */
export function CloseButton({ position, className }: CloseButtonProps) {
  const api = useApi();
  const [askedAt, setAskedAt] = useState<number>();
  const closing = useClosings().get(position.tradeId);
  useEffect(() => {
    if (askedAt === undefined) return;
    const timer = setTimeout(() => setAskedAt(undefined), ASK_MS);
    return () => clearTimeout(timer);
  }, [askedAt]);
  const isClosing = position.closing || isUnderWay(closing?.sent);
  const press = () => {
    if (askedAt === undefined) {
      setAskedAt(Date.now());
      return;
    }
    if (Date.now() - askedAt < SOONEST_MS) return;
    setAskedAt(undefined);
    void close([position], (requestId, options) =>
      api.control.closePosition({ requestId, symbol: position.symbol }, options),
    );
  };
  const isAsking = askedAt !== undefined && !isClosing;
  return (
    <Button
      size="row"
      kind={isAsking ? 'warn' : 'plain'}
      disabled={isClosing}
      className={classes('px-1!', className)}
      aria-label={isAsking ? `Close ${position.quantity} ${position.symbol}?` : `Close ${position.symbol}`}
      onClick={(event) => {
        event.stopPropagation();
        press();
      }}
      onBlur={() => setAskedAt(undefined)}
    >
      {isClosing ? 'Closing' : isAsking ? `Close ${count(position.quantity)}?` : 'Close'}
    </Button>
  );
}
