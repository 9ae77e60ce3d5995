import { useState } from 'react';

import { useLogs } from '../state/live';
import { follow, NO_LINES, type Lines } from './lines';

/** Follows the lines that the stream brings; absent before the first snapshot. */
export function useLines(): Lines | undefined {
  const newest = useLogs();
  const [kept, setKept] = useState(NO_LINES);
  const lines = newest === undefined ? kept : follow(kept, newest);
  // Taken in while drawing, so that no drawing shows less than the one before.
  if (lines !== kept) setKept(lines);
  return newest === undefined && lines === NO_LINES ? undefined : lines;
}
