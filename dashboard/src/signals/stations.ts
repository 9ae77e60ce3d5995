/** The way of a signal: decided, ordered, filled, or where it ended. Pure. */

import { between, type Length } from '../format';
import { SignalStatus, type Signal, type SignalEvent } from '../wire/proto';
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
  // To the broker's word the way is one step here; the detail has it step by step.
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

/** What the steps of an order are called on the way. */
const STEPS: Partial<Record<string, string>> = {
  decided: 'signal',
  committed: 'recorded',
  sent: 'sent',
  acknowledged: 'accepted',
  filled: 'fill',
  stop_working: 'stop works',
};

/**
 * Returns the way step by step, as the records of its order have it: decided, recorded, sent, accepted, filled, and its
 * stop working. Absent where they have no more than the signal itself, and where it ended without a fill.
 */
export function stepsOf(signal: Signal, events: readonly SignalEvent[]): Station[] | undefined {
  if (signal.status !== SignalStatus.FILLED) return undefined;
  const stations: Station[] = [];
  let before: SignalEvent | undefined;
  for (const event of events) {
    const name = STEPS[event.kind];
    // A position that is closed and protected anew repeats what the entry has shown.
    if (name === undefined || stations.some((station) => station.name === name)) continue;
    stations.push({ name, kind: 'passed', latency: between(before?.time, event.time) });
    before = event;
  }
  return stations.some(({ name }) => name === 'sent') ? stations : undefined;
}

function endOf(status: SignalStatus): boolean {
  return [SignalStatus.REJECTED, SignalStatus.CANCELLED, SignalStatus.EXPIRED].includes(status);
}
