import { useState, type ReactNode } from 'react';

import { plural } from '../format';
import { useClosings } from '../state/closing';
import { usePositions } from '../state/live';
import { Button, Field } from '../ui';
import type { Position } from '../wire/proto';
import { HoldOrType } from './HoldOrType';
import { PositionRows } from './PositionRows';
import { Progress } from './Progress';

const NONE: readonly Position[] = [];

/** What a dialogue that closes everything knows. */
export interface Flatten {
  /** What is open now. */
  readonly open: readonly Position[];
  /** What was to be closed when somebody asked for it; absent before. */
  readonly asked: readonly Position[] | undefined;
  /** Why, as it was typed. */
  readonly reason: string;
  readonly setReason: (reason: string) => void;
  /** Keeps what is open as what was asked for, and returns it. */
  readonly ask: () => readonly Position[];
}

/** Follows what a dialogue closes, and why. */
export function useFlatten(): Flatten {
  const open = usePositions() ?? NONE;
  const [asked, setAsked] = useState<readonly Position[]>();
  const [reason, setReason] = useState('');
  const ask = () => {
    setAsked(open);
    return open;
  };
  return { open, asked, reason, setReason, ask };
}

/** How far a close of everything has come, as a title says it. What was opened since was not asked for, and is named. */
export function courseOf(asked: readonly Position[], open: readonly Position[]): string {
  const meant = new Set(asked.map((position) => position.tradeId));
  if (open.some((position) => meant.has(position.tradeId)))
    return `Closing ${plural(asked.length, 'position')}`;
  if (open.length === 0) return 'Everything is flat.';
  const since = open.map((position) => position.symbol).join(', ');
  return `${plural(asked.length, 'position')} flat. Opened since: ${since}.`;
}

interface FlattenPartProps {
  readonly flatten: Flatten;
  /** Called when somebody has held the button, or typed the word. */
  readonly onHeld: () => void;
  /** Called by the harmless choice. */
  readonly onLeave: () => void;
  /** Stands between the positions and the choice, while there is one. */
  readonly children?: ReactNode;
}

/** The positions, why they are closed, and the hand that holds; then how each comes along. */
export function FlattenPart({ flatten, onHeld, onLeave, children }: FlattenPartProps) {
  const closings = useClosings();
  const { open, asked, reason, setReason } = flatten;
  const shown = asked ?? open;
  const first = asked?.[0];
  return (
    <>
      {shown.length > 0 && <PositionRows positions={shown} />}
      {first !== undefined && <Progress sent={closings.get(first.tradeId)?.sent} />}
      {asked === undefined && open.length > 0 ? (
        <>
          {children}
          <Field
            label="Reason, kept in the audit log"
            placeholder="optional"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <HoldOrType
            word="flatten"
            onDone={onHeld}
            harmless={
              <Button data-autofocus onClick={onLeave}>
                Keep positions
              </Button>
            }
          >
            Hold to flatten {open.length}
          </HoldOrType>
        </>
      ) : (
        <Button data-autofocus onClick={onLeave}>
          Done
        </Button>
      )}
    </>
  );
}
