import { useEffect, useId, useRef, useState } from 'react';

import { fromMs, hover } from '../format';
import { engineNow } from '../state/engineClock';
import { live } from '../state/live';

/** Space between a time and what is shown of it, in pixels. */
const GAP_PX = 4;
const TIMES = 'time[data-tip]';

/** Shows UTC and the age of the time that is pointed at or has the focus; one for the whole page. Escape hides it. */
export function TipLayer() {
  const [time, setTime] = useState<HTMLTimeElement>();
  const layer = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    const onPoint = (event: Event) => setTime(pointedAt(event.target));
    const onFocus = (event: Event) => setTime(focusedOn(event.target));
    const hide = () => setTime(undefined);
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    const listeners = [
      ['pointerover', onPoint],
      ['focusin', onFocus],
      ['focusout', hide],
      ['keydown', onKey],
    ] as const;
    for (const [name, listener] of listeners)
      document.addEventListener(name, listener as EventListener, { capture: true, passive: true });
    return () => {
      for (const [name, listener] of listeners)
        document.removeEventListener(name, listener as EventListener, { capture: true });
    };
  }, []);
  useEffect(() => {
    const box = layer.current;
    if (box === null || time === undefined) return;
    time.setAttribute('aria-describedby', id);
    // In the top layer, above dialogues too.
    box.showPopover();
    place(box, time.getBoundingClientRect());
    // What scrolls away under a pointer that stands still is not pointed at any more.
    const follow = () => {
      if (isMeant(time)) place(box, time.getBoundingClientRect());
      else setTime(undefined);
    };
    document.addEventListener('scroll', follow, { capture: true, passive: true });
    return () => {
      document.removeEventListener('scroll', follow, { capture: true });
      time.removeAttribute('aria-describedby');
      box.hidePopover();
    };
  }, [time, id]);
  return (
    <div
      ref={layer}
      id={id}
      role="tooltip"
      popover="manual"
      className="pointer-events-none fixed inset-auto m-0 rounded-control border border-edge bg-raised px-2 py-1 whitespace-nowrap text-text"
    >
      {time !== undefined && wordsOf(time)}
    </div>
  );
}

function pointedAt(target: EventTarget | null): HTMLTimeElement | undefined {
  return target instanceof Element ? (target.closest<HTMLTimeElement>(TIMES) ?? undefined) : undefined;
}

/** The time itself, or the first one of the row whose button or whose whole has the focus. */
function focusedOn(target: EventTarget | null): HTMLTimeElement | undefined {
  if (!(target instanceof HTMLElement) || !target.matches(':focus-visible')) return undefined;
  return pointedAt(target) ?? target.closest('tr, li')?.querySelector<HTMLTimeElement>(TIMES) ?? undefined;
}

function isMeant(time: HTMLTimeElement): boolean {
  return time.matches(':hover') || focusedOn(document.activeElement) === time;
}

/** Returns UTC and the age of a time, by the clock that it was read from. */
function wordsOf(time: HTMLTimeElement): string {
  const ms = Date.parse(time.dateTime);
  const now = time.dataset.tip === 'wall' ? live.get().books.serverTime : engineNow(Date.now());
  return Number.isNaN(ms) ? '' : hover(fromMs(ms), now);
}

/** Below the time, above it where there is no room, and always within the window. */
function place(box: HTMLElement, at: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const below = at.bottom + GAP_PX;
  const top = below + height > window.innerHeight ? at.top - height - GAP_PX : below;
  const left = Math.min(at.left, window.innerWidth - width - GAP_PX);
  box.style.top = `${Math.round(top)}px`;
  box.style.left = `${Math.round(Math.max(GAP_PX, left))}px`;
}
