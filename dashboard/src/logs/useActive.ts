import { useState, type KeyboardEvent } from 'react';

import type { LogEntry } from '../wire/proto';

/** The line that the keys are at, and the lines that are open. */
export interface Active {
  readonly id: bigint | undefined;
  /** Its place among the lines; -1 when there is none. */
  readonly place: number;
  readonly open: ReadonlySet<bigint>;
  readonly toggle: (id: bigint) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** Follows the keys: arrows and Home walk, Enter and Space open. `show` brings the line of a place into view. */
export function useActive(entries: readonly LogEntry[], show: (place: number) => void): Active {
  const [id, setId] = useState<bigint>();
  const [open, setOpen] = useState<ReadonlySet<bigint>>(new Set());
  const place = id === undefined ? -1 : entries.findIndex((entry) => entry.id === id);

  const go = (to: number) => {
    const within = Math.max(0, Math.min(entries.length - 1, to));
    const entry = entries[within];
    if (entry === undefined) return;
    setId(entry.id);
    show(within);
  };
  const toggle = (toggled: bigint) => {
    setId(toggled);
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(toggled)) after.add(toggled);
      return after;
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // A button within a line has its keys for itself.
    if (event.target instanceof HTMLButtonElement) return;
    const from = place < 0 ? entries.length : place;
    if (event.key === 'ArrowDown') go(from + 1);
    else if (event.key === 'ArrowUp') go(from - 1);
    else if (event.key === 'Home') go(0);
    else if ((event.key === 'Enter' || event.key === ' ') && id !== undefined) toggle(id);
    else return;
    event.preventDefault();
  };
  return { id, place, open, toggle, onKeyDown };
}
