/** The way of a signal: decided, ordered, filled, or where it ended. Pure. */

import { between, type Length } from '../format';
import { SignalStatus, type Signal } from '../wire/proto';
import { statusWord } from './status';

/** One station of the way. */
export interface Station {
  /** A word; where it ended, the code of the reason. */
  readonly name: string;
  /** How it stands: passed, waited for, or the end without a fill. */
  readonly kind: 'passed' | 'awaited' | 'ended';
  /** Time since the station before. Absent where it is not known. */
  readonly latency: Length | undefined;
}

/** Returns the stations that a signal has passed, and the one that it is at. */
export function chainOf(signal: Signal): Station[] {
  const { time, submittedTime, acknowledgedTime, filledTime, status } = signal;
  const stations: Station[] = [{ name: 'signal', kind: 'passed', latency: undefined }];
  // Some records know only when the broker took the order: the way to it is then one step.
  const ordered = acknowledgedTime ?? submittedTime;
  if (ordered !== undefined)
    stations.push({ name: 'order', kind: 'passed', latency: between(time, ordered) });
  const ended = endOf(status);
  if (status === SignalStatus.FILLED) {
    stations.push({ name: 'fill', kind: 'passed', latency: between(ordered ?? time, filledTime) });
  } else if (ended) {
    stations.push({ name: signal.reason ?? statusWord(status), kind: 'ended', latency: undefined });
  } else {
    stations.push({ name: statusWord(status), kind: 'awaited', latency: undefined });
  }
  return stations;
}

function endOf(status: SignalStatus): boolean {
  return [SignalStatus.REJECTED, SignalStatus.CANCELLED, SignalStatus.EXPIRED].includes(status);
}
