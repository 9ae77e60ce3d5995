import { count } from '../format';
import { Button, Triangle } from '../ui';
import { missing, type Gap } from './lines';
import type { Gaps } from './useLines';

/** Says where lines are missing, and brings them. */
export function GapNote({ gap, gaps }: { readonly gap: Gap; readonly gaps: Gaps }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 border-y border-dashed border-edge px-3 py-1 font-sans text-warn">
      <span>
        <Triangle className="size-2.5" /> {gapWords(gap)}
      </span>
      <Button
        size="row"
        className="h-6!"
        disabled={gaps.isLoading}
        onClick={(event) => {
          event.stopPropagation();
          gaps.load(gap);
        }}
      >
        {gaps.isLoading ? 'Loading…' : gaps.error === undefined ? 'Load them' : 'Not loaded. Try again'}
      </Button>
    </div>
  );
}

/** Writes how much is missing: `1,204 lines are missing here: they came while there was no contact.` */
export function gapWords(gap: Gap): string {
  const lines = missing(gap);
  const what = lines === 1n ? '1 line is' : `${count(lines)} lines are`;
  return `${what} missing here, from a time without contact.`;
}

/** Returns the gap, if any, before each shown line: one whose next line is filtered out stands before the one that follows. */
export function gapsByLine(
  entries: readonly { readonly id: bigint }[],
  gaps: readonly Gap[],
): ReadonlyMap<bigint, Gap> {
  const places = new Map<bigint, Gap>();
  for (const gap of gaps) {
    const next = entries.find(({ id }) => id >= gap.before);
    if (next !== undefined) places.set(next.id, gap);
  }
  return places;
}
