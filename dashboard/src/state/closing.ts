import { createStore, usePart } from './store';
import { live } from './live';
import { send, type Call, type Sent } from '../wire/command';
import type { Position } from '../wire/proto';

/** A close that somebody on this page has asked for. */
export interface Closing {
  /** The position as it was then. */
  readonly position: Position;
  readonly askedAt: number;
  readonly sent: Sent<unknown> | undefined;
  /** When the daemon showed it flat, on this tab's clock. Absent before. */
  readonly flatAt: number | undefined;
}

/** A position that is not flat by then has a trouble that somebody must see. */
export const LATE_MS = 10_000;
/** How long a closed row stays, so that one sees what became of it. */
export const STAYS_MS = 5000;

/** By trade. */
const closings = createStore<ReadonlyMap<string, Closing>>(new Map());

live.subscribe(markFlat);

/** Follows the closes that were asked for here, by trade. */
export function useClosings(): ReadonlyMap<string, Closing> {
  return usePart(closings, (all) => all);
}

/** Sends a command that closes these positions and follows each until it is flat. */
export function close<R>(
  positions: readonly Position[],
  call: Call<R>,
  report: (sent: Sent<R>) => void = () => undefined,
) {
  const askedAt = Date.now();
  const put = (sent: Sent<R> | undefined) => {
    const all = new Map(closings.get());
    for (const position of positions) {
      const flatAt = sent === undefined ? undefined : all.get(position.tradeId)?.flatAt;
      all.set(position.tradeId, { position, askedAt, sent, flatAt });
    }
    closings.set(all);
  };
  put(undefined);
  return send(call, (sent) => {
    put(sent);
    report(sent);
  });
}

/** Marks as flat what the daemon does not show any more; it removes a position when the broker has reported it closed. */
function markFlat(): void {
  const { positions } = live.get().books;
  if (positions === undefined) return;
  const open = new Set([...positions.values()].map((position) => position.tradeId));
  const all = closings.get();
  const flat = [...all].filter(([trade, closing]) => closing.flatAt === undefined && !open.has(trade));
  if (flat.length === 0) return;
  const flatAt = Date.now();
  closings.set(
    new Map([...all, ...flat.map(([trade, closing]) => [trade, { ...closing, flatAt }] as const)]),
  );
}

/** Forgets all closes; for tests. */
export function forgetClosings(): void {
  closings.set(new Map());
}
