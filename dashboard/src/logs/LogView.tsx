import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useState, type MouseEvent, type ReactNode } from 'react';

import type { LogEntry } from '../wire/proto';
import { LogRow } from './LogRow';
import { useActive } from './useActive';
import { useScroller, type Following } from './useScroller';

/** Height of a line; on a phone the message stands below. */
const ROW_PX = 22;
/** Nearer to the top than so, older lines are asked for. */
const NEAR_TOP_PX = 300;

export interface LogViewProps {
  /** What is shown, the oldest first. */
  readonly entries: readonly LogEntry[];
  readonly words: readonly string[];
  readonly hasMarketClock: boolean;
  /** Stands above the first line: whether there are older ones. */
  readonly top: ReactNode;
  /** Called near the top. */
  readonly onTop: () => void;
  /** Draws what stands above a line where others are missing; nothing for most. */
  readonly gapAbove: (id: bigint) => ReactNode;
  /** Draws what stands over the lines. */
  readonly children: (following: Following) => ReactNode;
}

/** Log lines of any number: only those in view are drawn. */
export function LogView({ entries, words, hasMarketClock, top, onTop, gapAbove, children }: LogViewProps) {
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its rows are drawn here and kept nowhere
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => entries[index]?.id.toString() ?? index,
    overscan: 12,
  });
  const height = rows.getTotalSize();
  const { onScroll, ...following } = useScroller(scroller, height, entries[0]?.id);
  const active = useActive(entries, (place) => {
    following.pause();
    rows.scrollToIndex(place);
  });
  useFilled(scroller, height, onTop);
  const lookAround = () => {
    onScroll();
    if (scroller !== null && scroller.scrollTop < NEAR_TOP_PX) onTop();
  };

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={setScroller}
        role="tree"
        aria-label="Log lines"
        aria-activedescendant={active.place < 0 ? undefined : `log-${active.id}`}
        tabIndex={0}
        onScroll={lookAround}
        onKeyDown={active.onKeyDown}
        className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto -outline-offset-2"
      >
        {top}
        <div role="presentation" className="relative" style={{ height }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const entry = entries[index];
            if (entry === undefined) return null;
            const { id } = entry;
            return (
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are the tree's
              <div
                key={key}
                ref={rows.measureElement}
                data-index={index}
                id={`log-${id}`}
                role="treeitem"
                tabIndex={-1}
                aria-level={1}
                aria-selected={id === active.id}
                aria-expanded={active.open.has(id)}
                aria-setsize={entries.length}
                aria-posinset={index + 1}
                onClick={(event) => isPlain(event) && active.toggle(id)}
                className="absolute top-0 left-0 w-full outline-none"
                style={{ transform: `translateY(${start}px)` }}
              >
                {gapAbove(id)}
                <LogRow
                  entry={entry}
                  above={entries[index - 1]}
                  words={words}
                  hasMarketClock={hasMarketClock}
                  isActive={id === active.id}
                  isOpen={active.open.has(id)}
                />
              </div>
            );
          })}
        </div>
      </div>
      {children(following)}
    </div>
  );
}

/** Marking a text with the mouse ends with a click too, and opens nothing. */
function isPlain(event: MouseEvent): boolean {
  return document.getSelection()?.isCollapsed !== false && event.detail <= 1;
}

/** Asks for older lines where those that pass do not fill the view: there is nothing to scroll then. */
function useFilled(scroller: HTMLElement | null, height: number, onTop: () => void) {
  useEffect(() => {
    if (scroller !== null && height <= scroller.clientHeight) onTop();
  }, [scroller, height, onTop]);
}
