import { useEffect, useState } from 'react';

import { fromMs, toMs, type Instant } from '../format';
import { STALE_MS } from '../wire/contact';
import { live } from './live';

/** Returns the engine's clock now: in real time it goes on between messages, in a simulation and in silence it stands. */
export function engineNow(wallMs: number): Instant | undefined {
  const { books, heardAt } = live.get();
  const told = books.engineTime;
  const toldMs = toMs(told);
  if (toldMs === undefined || books.status?.simulatedSpeed !== undefined) return told;
  const since = Math.min(Math.max(0, wallMs - heardAt), STALE_MS);
  return fromMs(toldMs + since);
}

/** Follows the engine's clock, a step each second and at each message. */
export function useEngineNow(): Instant | undefined {
  const [now, setNow] = useState(() => engineNow(Date.now()));
  useEffect(() => {
    const step = () => setNow(engineNow(Date.now()));
    const timer = setInterval(step, 1000);
    const end = live.subscribe(step);
    step();
    return () => {
      clearInterval(timer);
      end();
    };
  }, []);
  return now;
}
