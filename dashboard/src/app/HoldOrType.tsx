import { useId, useState, type ReactNode } from 'react';

import { useLedger } from '../state/live';
import { Button, HoldButton, FIELD, type ButtonKind } from '../ui';
import { modeOf } from './words';

export interface HoldOrTypeProps {
  /** What the button says. */
  readonly children: ReactNode;
  /** The word that may be typed instead of holding. */
  readonly word: string;
  readonly onDone: () => void;
  /** Stands beside the button: the harmless choice. */
  readonly harmless: ReactNode;
  readonly kind?: ButtonKind;
  readonly disabled?: boolean;
}

/** An act that wants more than a click: hold the button, longer where real money is, or type the word. */
export function HoldOrType({
  children,
  word,
  onDone,
  harmless,
  kind = 'danger',
  disabled = false,
}: HoldOrTypeProps) {
  const isLive = modeOf(useLedger()) === 'live';
  const [typed, setTyped] = useState('');
  const id = useId();
  const isTyped = typed.trim().toLowerCase() === word;
  return (
    <div className="flex flex-col gap-3">
      <div className="grid grid-cols-2 gap-2">
        {harmless}
        {isTyped ? (
          <Button kind={kind} disabled={disabled} onClick={onDone}>
            {children}
          </Button>
        ) : (
          <HoldButton kind={kind} ms={isLive ? 2000 : 1000} disabled={disabled} onHeld={onDone}>
            {children}
          </HoldButton>
        )}
      </div>
      <div className="flex items-center gap-2 text-text-2">
        <label htmlFor={id} className="whitespace-nowrap">
          or type <b className="font-semibold">{word}</b>
        </label>
        <input
          id={id}
          autoComplete="off"
          spellCheck={false}
          className={`${FIELD} h-7!`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
    </div>
  );
}
