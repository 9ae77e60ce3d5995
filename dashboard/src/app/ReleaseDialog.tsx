import { useState } from 'react';

import { useApi } from '../session/session';
import { useStatus } from '../state/live';
import { Button, Dialog, Field, Time } from '../ui';
import type { Api } from '../wire/api';
import { isUnderWay, send, type Sent } from '../wire/command';
import { HoldCleared, HoldKind, KillSwitchAction, type Hold } from '../wire/proto';
import { hideDialog } from './shownDialog';
import { HoldOrType } from './HoldOrType';
import { DialogBand } from './ModeBand';
import { Progress } from './Progress';
import { clearedBy, holdWords, isClearedByOperator } from './words';

/** Every hold with who clears it. */
export function HoldList({ holds }: { readonly holds: readonly Hold[] }) {
  return (
    <ul aria-label="Holds" className="flex flex-col gap-2">
      {holds.map((hold) => (
        <li key={`${hold.kind}`} className="border-b border-line pb-2 last:border-0">
          <strong className="font-semibold">{holdWords(hold.kind)}</strong>
          <span className="text-text-2">
            {' '}
            · {hold.actor} · <Time at={hold.since} /> · {clearedBy(hold.clearedBy)}
          </span>
          {hold.reason !== '' && <p className="text-text-2">“{hold.reason}”</p>}
        </li>
      ))}
    </ul>
  );
}

/** Shows all holds. */
export function HoldsDialog() {
  const holds = useStatus()?.holds ?? [];
  return (
    <Dialog
      title={holds.length === 0 ? 'Nothing holds entries.' : 'Entries are held'}
      band={<DialogBand />}
      onClose={hideDialog}
    >
      <HoldList holds={holds} />
      <Button data-autofocus onClick={hideDialog}>
        Close
      </Button>
    </Dialog>
  );
}

/** Releases the kill switch, or else clears what an operator may clear; then says what remains. */
export function ReleaseDialog() {
  const api = useApi();
  const holds = useStatus()?.holds ?? [];
  const [reason, setReason] = useState('');
  const [sent, setSent] = useState<Sent<unknown>>();
  const [act, setAct] = useState<'release' | 'resume'>();
  const isKill = holds.some((hold) => hold.kind === HoldKind.KILL);
  const doing = act ?? (isKill ? 'release' : 'resume');
  const mine = holds.filter((hold) => isClearedByOperator(hold) && hold.kind !== HoldKind.KILL);
  const needsReason = doing === 'release' || mine.some((hold) => hold.clearedBy !== HoldCleared.BY_OPERATOR);
  const isMissing = needsReason && reason.trim() === '';
  const go = () => {
    setAct(doing);
    void (doing === 'release'
      ? release(api, reason.trim(), setSent)
      : resume(api, reason.trim(), mine, setSent));
  };
  const isDone = sent?.phase === 'accepted';
  return (
    <Dialog title={titleOf(doing, isDone, holds)} band={<DialogBand />} onClose={hideDialog}>
      <HoldList holds={holds} />
      <Progress
        sent={sent}
        shell={doing === 'release' ? 'orbctl kill --release --reason …' : 'orbctl resume'}
      />
      {isDone ? (
        <Button data-autofocus onClick={hideDialog}>
          Done
        </Button>
      ) : (
        <>
          <Field
            label={needsReason ? 'Reason, needed, kept in the audit log' : 'Reason, kept in the audit log'}
            placeholder={needsReason ? 'why entries may go on' : 'optional'}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <HoldOrType
            kind="warn"
            word={doing}
            disabled={isMissing || isUnderWay(sent) || holds.length === 0}
            onDone={go}
            harmless={
              <Button data-autofocus onClick={hideDialog}>
                Stay as it is
              </Button>
            }
          >
            Hold to {doing}
          </HoldOrType>
        </>
      )}
    </Dialog>
  );
}

function titleOf(doing: 'release' | 'resume', isDone: boolean, holds: readonly Hold[]): string {
  if (isDone) return holds.length === 0 ? 'Entries are allowed again.' : 'These still hold entries';
  return doing === 'release' ? 'Release the kill switch?' : 'Resume entries?';
}

function release(api: Api, reason: string, report: (sent: Sent<unknown>) => void) {
  const { RELEASE: action } = KillSwitchAction;
  return send(
    (requestId, options) => api.control.setKillSwitch({ requestId, action, reason }, options),
    report,
  );
}

function resume(api: Api, reason: string, mine: readonly Hold[], report: (sent: Sent<unknown>) => void) {
  const holds = mine.map((hold) => hold.kind);
  return send(
    (requestId, options) => api.control.resumeEntries({ requestId, reason, holds }, options),
    report,
  );
}
