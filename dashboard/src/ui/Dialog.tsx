import { useEffect, useId, useRef, type ReactNode } from 'react';

import { classes } from './classes';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** What stands above everything, such as the band of the mode. */
  readonly band?: ReactNode;
  /** `sheet` comes from below on a phone; `anchored` stands under the right end of the bar and hides less. */
  readonly place?: 'centre' | 'sheet' | 'anchored';
  /** Whether the page behind stays in use. */
  readonly isModal?: boolean;
  readonly className?: string;
}

const PLACE = {
  centre: 'm-auto w-[min(480px,calc(100vw-24px))]',
  anchored:
    'fixed m-0 left-auto right-3 top-[88px] w-[min(460px,calc(100vw-24px))] max-tablet:top-auto max-tablet:bottom-3 max-tablet:right-3',
  sheet: 'fixed m-0 inset-x-0 top-auto bottom-0 w-full max-w-none rounded-b-none',
};

/**
 * A dialogue. Focus goes to the element with `data-autofocus`, which is the harmless choice, stays inside, and returns
 * to where it was; Esc leaves.
 */
export function Dialog({
  title,
  onClose,
  children,
  band,
  place = 'centre',
  isModal = true,
  className,
}: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = document.activeElement;
    if (isModal) dialog.showModal();
    else dialog.show();
    dialog.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [isModal]);
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      className={classes(
        'z-20 max-h-[calc(100dvh-24px)] flex-col overflow-hidden rounded-card border border-edge bg-surface p-0 text-text open:flex',
        'shadow-[0_8px_32px_rgb(0_0_0/0.35)] backdrop:bg-black/50',
        PLACE[place],
        className,
      )}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      {band}
      <div className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <h2 id={heading} className="text-figure">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
