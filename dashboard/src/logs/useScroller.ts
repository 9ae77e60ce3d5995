import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** So near to the end counts as the end: heights are fractions on some screens. */
const END_PX = 4;

/** Whether the newest line stays in view. */
export interface Following {
  readonly isFollowing: boolean;
  /** Goes to the newest line and stays there. */
  readonly resume: () => void;
  /** Stays where it is. */
  readonly pause: () => void;
}

export interface Scroller extends Following {
  /** Call it when the element has scrolled. */
  readonly onScroll: () => void;
}

/**
 * Keeps an element at its end while `height` grows, until somebody scrolls up or selects a text in it. Reaching the end
 * again resumes. `first` is the id of the first line: when older ones come above it, what is in view stays in place.
 */
export function useScroller(
  element: HTMLElement | null,
  height: number,
  first: bigint | undefined,
): Scroller {
  const [isFollowing, setFollowing] = useState(true);
  const lastTop = useRef(0);
  const before = useRef({ first, height });

  useLayoutEffect(() => {
    const was = before.current;
    before.current = { first, height };
    if (element === null) return;
    const isOlderAbove = first !== undefined && was.first !== undefined && first < was.first;
    if (isFollowing) element.scrollTo({ top: element.scrollHeight });
    else if (isOlderAbove) element.scrollBy({ top: height - was.height });
    lastTop.current = element.scrollTop;
  }, [element, height, first, isFollowing]);

  const onScroll = useCallback(() => {
    if (element === null) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight <= END_PX;
    // Growing lines move nothing up; only a person does.
    if (isAtEnd) setFollowing(true);
    else if (element.scrollTop < lastTop.current - 1) setFollowing(false);
    lastTop.current = element.scrollTop;
  }, [element]);

  useEffect(() => {
    const onSelect = () => {
      const selection = document.getSelection();
      const isHere = selection !== null && element?.contains(selection.anchorNode) === true;
      if (isHere && !selection.isCollapsed) setFollowing(false);
    };
    document.addEventListener('selectionchange', onSelect);
    return () => document.removeEventListener('selectionchange', onSelect);
  }, [element]);

  const resume = useCallback(() => {
    document.getSelection()?.removeAllRanges();
    setFollowing(true);
  }, []);
  const pause = useCallback(() => setFollowing(false), []);
  return { isFollowing, resume, pause, onScroll };
}
