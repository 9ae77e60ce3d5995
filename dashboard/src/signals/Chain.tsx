import { latency } from '../format';
import { Ring, Square } from '../ui';
import type { Signal } from '../wire/proto';
import { chainOf, type Station } from './stations';

/** Shows the way of a signal: `signal ─38 ms─ order ─212 ms─ fill`; where it ended without a fill is a square. */
export function Chain({ signal }: { readonly signal: Signal }) {
  return (
    <ol aria-label="Way of the signal" className="flex shrink-0 items-center whitespace-nowrap text-text-2">
      {chainOf(signal).map((station, index) => (
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
