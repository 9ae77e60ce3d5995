import { latency } from '../format';
import { classes, Ring, Square } from '../ui';
import type { Signal, SignalEvent } from '../wire/proto';
import { chainOf, stepsOf, type Station } from './stations';

interface ChainProps {
  readonly signal: Signal;
  /** What the records have of its way; without them the signal's own times are shown. */
  readonly events?: readonly SignalEvent[];
}

const NONE: readonly SignalEvent[] = [];

/** Shows the way of a signal: `signal ─38 ms─ order ─212 ms─ fill`; where it ended without a fill is a square. */
export function Chain({ signal, events = NONE }: ChainProps) {
  return (
    <ol
      aria-label="Way of the signal"
      className={classes(
        'flex items-center whitespace-nowrap text-text-2',
        events === NONE ? 'shrink-0' : 'flex-wrap',
      )}
    >
      {(stepsOf(signal, events) ?? chainOf(signal)).map((station, index) => (
        <li key={station.name} className="flex items-center">
          {index > 0 && <Way station={station} />}
          <Mark station={station} />
          <span className={station.kind === 'passed' ? 'text-text' : undefined}>{station.name}</span>
        </li>
      ))}
    </ol>
  );
}

function Way({ station }: { readonly station: Station }) {
  const line = <span aria-hidden="true" className="inline-block h-px w-3 bg-text-3 align-middle" />;
  return (
    <span className="mx-1 inline-flex items-center gap-1">
      {line}
      {station.latency !== undefined && (
        <span className="text-label text-text-3 max-tablet:hidden">{latency(station.latency)}</span>
      )}
      {station.latency !== undefined && <span className="max-tablet:hidden">{line}</span>}
    </span>
  );
}

function Mark({ station }: { readonly station: Station }) {
  if (station.kind === 'ended') return <Square className="mr-1 size-2.5 text-text" />;
  return station.kind === 'awaited' ? <Ring className="mr-1 size-3 text-text-3" /> : null;
}
