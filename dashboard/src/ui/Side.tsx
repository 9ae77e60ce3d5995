import { Side } from '../wire/proto';
import { Down, Up } from './icons';

/** The direction of a position: a shape and a word, without colour, which is for results. */
export function SideLabel({ side }: { readonly side: Side }) {
  const Arrow = side === Side.SHORT ? Down : Up;
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      <Arrow className="size-2.5" />
      {sideWord(side)}
    </span>
  );
}

/** Returns the word for a direction. */
export function sideWord(side: Side): string {
  switch (side) {
    case Side.LONG:
      return 'Long';
    case Side.SHORT:
      return 'Short';
    case Side.UNSPECIFIED:
      return 'unknown';
  }
}
