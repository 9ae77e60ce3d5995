import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

import { buttonClasses, type ButtonKind } from './Button';

export interface HoldButtonProps {
  readonly children: ReactNode;
  /** How long it must be held, in milliseconds. */
  readonly ms: number;
  readonly onHeld: () => void;
  readonly kind?: ButtonKind;
  readonly disabled?: boolean;
  readonly className?: string;
}

/** A button that acts only when it is held for a while: by the pointer, by Space or by Enter. */
export function HoldButton({
  children,
  ms,
  onHeld,
  kind = 'danger',
  disabled = false,
  className,
}: HoldButtonProps) {
  const [isHeld, setHeld] = useState(false);
  const hint = useId();
  const held = useRef(onHeld);
  useEffect(() => {
    held.current = onHeld;
  });
  useEffect(() => {
    if (!isHeld) return;
    const timer = setTimeout(() => {
      setHeld(false);
      held.current();
    }, ms);
    return () => clearTimeout(timer);
  }, [isHeld, ms]);
  const press = () => !disabled && setHeld(true);
  const release = () => setHeld(false);
  const isKey = (key: string) => key === ' ' || key === 'Enter';
  return (
    <button
      type="button"
      disabled={disabled}
      aria-describedby={hint}
      className={buttonClasses(kind, 'normal', `relative overflow-hidden touch-none ${className ?? ''}`)}
      onPointerDown={(event) => event.button === 0 && press()}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
      onBlur={release}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isKey(event.key)) return;
        event.preventDefault();
        if (!event.repeat) press();
      }}
      onKeyUp={(event) => isKey(event.key) && release()}
    >
      <span
        aria-hidden
        className="absolute inset-y-0 left-0 bg-current opacity-25"
        style={{ width: isHeld ? '100%' : '0', transition: isHeld ? `width ${ms}ms linear` : 'none' }}
      />
      <span className="relative">{children}</span>
      <span id={hint} className="sr-only">
        Hold for {ms / 1000} {ms === 1000 ? 'second' : 'seconds'}.
      </span>
    </button>
  );
}
