import { tone, type Tone } from '../format';
import { classes } from './classes';

const COLOUR: Record<Tone, string> = { gain: 'text-gain', loss: 'text-loss', flat: '' };

export interface SignedProps {
  /** The decimal whose sign decides the colour. Absent where there is none. */
  readonly value: string | undefined;
  /** How it is written, with its sign: a colour alone says nothing. */
  readonly write: (value: string | undefined) => string;
  readonly className?: string;
}

/** A result in its colour. */
export function Signed({ value, write, className }: SignedProps) {
  return <span className={classes(COLOUR[tone(value)], className)}>{write(value)}</span>;
}
