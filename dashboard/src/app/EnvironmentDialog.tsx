import { Code } from '@connectrpc/connect';
import { useState } from 'react';

import { useApi, useMayAct, useMayAdmin } from '../session/session';
import { useCall } from '../state/call';
import { useLedger, usePositions, useStatus } from '../state/live';
import { Button, classes, Dialog, ErrorNote, Field, Note, Skeleton, Square } from '../ui';
import { send, type Sent } from '../wire/command';
import { Environment, type EnvironmentInfo } from '../wire/proto';
import { hideDialog } from './shownDialog';
import { HoldOrType } from './HoldOrType';
import { DialogBand } from './ModeBand';
import { Progress } from './Progress';
import { maskedAccount } from './words';

/** Chooses where the orders go: only when all is flat, by an administrator, with the account typed. */
export function EnvironmentDialog() {
  const api = useApi();
  const ledger = useLedger();
  const list = useCall(`environments ${ledger?.id ?? ''}`, (signal) =>
    api.control.listEnvironments({}, { signal }),
  );
  const [chosen, setChosen] = useState<Environment>();
  const [sent, setSent] = useState<Sent<unknown>>();
  const target = list.data?.environments.find((each) => each.environment === chosen);
  return (
    <Dialog title="Where the orders go" band={<DialogBand />} onClose={hideDialog}>
      {list.isLoading && <Skeleton className="h-24 w-full" />}
      {list.error?.code === Code.Unimplemented && (
        <Note>This daemon trades in the environment that it was started in, and switches to no other.</Note>
      )}
      {list.error !== undefined && list.error.code !== Code.Unimplemented && (
        <ErrorNote error={list.error} onRetry={list.reload} />
      )}
      {list.data !== undefined && (
        <Choice environments={list.data.environments} chosen={chosen} choose={setChosen} />
      )}
      {target !== undefined && sent?.phase !== 'accepted' && <Switch target={target} report={setSent} />}
      <Progress sent={sent} shell="orbctl status" />
      <Button data-autofocus onClick={hideDialog}>
        {sent?.phase === 'accepted' ? 'Done' : 'Stay as it is'}
      </Button>
    </Dialog>
  );
}

interface ChoiceProps {
  readonly environments: readonly EnvironmentInfo[];
  readonly chosen: Environment | undefined;
  readonly choose: (environment: Environment) => void;
}

function Choice({ environments, chosen, choose }: ChoiceProps) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="sr-only">Environment</legend>
      {environments.map((each) => (
        <label key={each.environment} className="flex items-baseline gap-2">
          <input
            type="radio"
            name="environment"
            checked={(chosen ?? currentOf(environments)) === each.environment}
            onChange={() => choose(each.environment)}
          />
          <strong className="font-semibold">{Environment[each.environment]}</strong>
          <span className="text-text-2">
            {each.current ? 'now' : each.detail}
            {each.ledger !== undefined && ` · ${maskedAccount(each.ledger.accountId)}`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function currentOf(environments: readonly EnvironmentInfo[]): Environment | undefined {
  return environments.find((each) => each.current)?.environment;
}

function Switch({
  target,
  report,
}: {
  readonly target: EnvironmentInfo;
  readonly report: (sent: Sent<unknown>) => void;
}) {
  const api = useApi();
  const isAdmin = useMayAdmin();
  const mayAct = useMayAct();
  const open = usePositions()?.length;
  const working = useStatus()?.workingEntries;
  const [account, setAccount] = useState('');
  if (target.current) return null;
  const list = [
    {
      isMet: open === 0,
      text: open === 0 ? 'No position is open' : `${open ?? '–'} positions are open: flatten first`,
    },
    {
      isMet: working === 0,
      text: working === 0 ? 'No order works' : `${working ?? '–'} entries work: cancel them first`,
    },
    { isMet: target.available, text: target.available ? 'Allowed by the configuration' : target.detail },
    { isMet: isAdmin, text: isAdmin ? 'You are an administrator' : 'Only an administrator may switch' },
  ];
  const isReady = list.every((item) => item.isMet) && account.trim() !== '';
  const go = () =>
    void send(
      (requestId, options) =>
        api.control.setEnvironment(
          { requestId, environment: target.environment, accountId: account.trim() },
          options,
        ),
      report,
    );
  return (
    <>
      <ul aria-label="Conditions" className="flex flex-col gap-1">
        {list.map((item) => (
          <li
            key={item.text}
            className={classes('flex items-center gap-2', item.isMet ? 'text-text-2' : 'text-warn')}
          >
            {item.isMet ? '✓' : <Square className="size-2.5" />} {item.text}
          </li>
        ))}
      </ul>
      {mayAct && (
        <>
          <Field
            label={`Account id of ${Environment[target.environment]}, whole`}
            value={account}
            onChange={(event) => setAccount(event.target.value)}
          />
          <HoldOrType
            word="switch"
            kind="warn"
            disabled={!isReady}
            onDone={go}
            harmless={<span className="self-center text-text-2">Entries are paused then.</span>}
          >
            Hold to switch
          </HoldOrType>
        </>
      )}
    </>
  );
}
