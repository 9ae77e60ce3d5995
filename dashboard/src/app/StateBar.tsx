import { useState, type ReactNode } from 'react';

import { fromMs } from '../format';
import { useApi, useMayAct } from '../session/session';
import { useLedger, useHearing, useStatus, live, type Hearing } from '../state/live';
import { usePart } from '../state/store';
import { Bars, Button, classes, Octagon, Play, Skeleton, Time, Triangle } from '../ui';
import { isUnderWay, send, type Sent } from '../wire/command';
import { TradingState, type Alarm, type GetStatusResponse, type Hold } from '../wire/proto';
import { show } from './shownDialog';
import { clearedBy, decisiveHold, holdWords, isClearedByOperator, stateWord } from './words';

type Look = 'neutral' | 'warn' | 'danger';

const LOOKS: Record<Look, string> = {
  neutral: 'bg-raised text-text',
  warn: 'bg-warn-fill text-on-warn',
  danger: 'bg-danger-fill text-white',
};

/** What orb may do now and why: the most restrictive state, or that nothing is heard of it. */
export function StateBar() {
  const hearing = useHearing();
  const status = useStatus();
  const ledger = useLedger();
  if (hearing.isStale) return <NoContact hearing={hearing} />;
  if (status === undefined) {
    return (
      <Bar look="neutral" word={ledger === undefined ? 'CONNECTING' : 'OTHER BOOKS'} Shape={Bars}>
        <Skeleton className="h-3 w-60" />
      </Bar>
    );
  }
  const alarm = status.alarms.find((each) => each.acknowledgedBy === undefined);
  if (alarm !== undefined) return <AlarmBar key={alarm.id} status={status} alarm={alarm} />;
  const hold = decisiveHold(status);
  return hold === undefined ? <Active status={status} /> : <Held status={status} hold={hold} />;
}

interface BarProps {
  readonly look: Look;
  readonly word: string;
  readonly Shape: (props: { className?: string }) => ReactNode;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

function Bar({ look, word, Shape, children, actions }: BarProps) {
  return (
    <div
      role="alert"
      data-state={word}
      className={classes('flex min-h-9 min-w-0 flex-1 items-center gap-2 rounded-control px-3', LOOKS[look])}
    >
      <Shape className="size-3" />
      <strong className="font-bold whitespace-nowrap">{word}</strong>
      <span
        className={classes(
          'min-w-0 truncate max-tablet:whitespace-normal',
          look === 'neutral' && 'text-text-2',
        )}
      >
        {children}
      </span>
      <span className="ml-auto flex shrink-0 items-center gap-2">{actions}</span>
    </div>
  );
}

function Active({ status }: { readonly status: GetStatusResponse }) {
  const { slots, workingEntries } = status;
  return (
    <Bar look="neutral" word="ACTIVE" Shape={Play}>
      Entries allowed
      {slots !== undefined && ` · ${slots.used} of ${slots.total} slots used`}
      {workingEntries > 0 && ` (${workingEntries} working)`}
    </Bar>
  );
}

function Held({ status, hold }: { readonly status: GetStatusResponse; readonly hold: Hold }) {
  const mayAct = useMayAct();
  const isHalted = status.state === TradingState.HALTED;
  const more = status.holds.length - 1;
  const isOurs = status.holds.some(isClearedByOperator);
  return (
    <Bar
      look={isHalted ? 'danger' : 'warn'}
      word={stateWord(status.state)}
      Shape={isHalted ? Octagon : Triangle}
      actions={
        <>
          {more > 0 && (
            <Button kind="outline" size="row" onClick={() => show('holds')}>
              +{more} {more === 1 ? 'hold' : 'holds'}
            </Button>
          )}
          {mayAct && isOurs && (
            <Button kind="outline" size="row" onClick={() => show('release')}>
              {isHalted ? 'Release…' : 'Resume…'}
            </Button>
          )}
        </>
      }
    >
      {holdWords(hold.kind)} · {hold.actor} · <Time at={hold.since} />
      {hold.reason !== '' && ` · “${hold.reason}”`}
      {isHalted ? ' · stops still work' : !isOurs && ` · ${clearedBy(hold.clearedBy)}`}
    </Bar>
  );
}

/** An alarm holds the bar until somebody acknowledges it; the state stays readable beside it. */
function AlarmBar({ status, alarm }: { readonly status: GetStatusResponse; readonly alarm: Alarm }) {
  const api = useApi();
  const mayAct = useMayAct();
  const [sent, setSent] = useState<Sent<unknown>>();
  const acknowledge = () =>
    void send(
      (requestId, options) => api.control.acknowledgeAlarms({ requestId, alarmIds: [alarm.id] }, options),
      setSent,
    );
  const open = status.alarms.filter((each) => each.acknowledgedBy === undefined).length;
  return (
    <Bar
      look="danger"
      word={stateWord(status.state)}
      Shape={Octagon}
      actions={
        mayAct && (
          <Button kind="outline" size="row" disabled={isUnderWay(sent)} onClick={acknowledge}>
            {acknowledgeWords(sent, open)}
          </Button>
        )
      }
    >
      <span title={alarm.message}>
        {alarm.symbol === undefined ? '' : `${alarm.symbol} · `}
        {alarm.message} · since <Time at={alarm.since} />
      </span>
    </Bar>
  );
}

function acknowledgeWords(sent: Sent<unknown> | undefined, open: number): string {
  if (isUnderWay(sent)) return 'Acknowledging…';
  if (sent?.phase === 'failed') return 'Not taken. Acknowledge again';
  return open > 1 ? `Acknowledge 1 of ${open}` : 'Acknowledge';
}

function NoContact({ hearing }: { readonly hearing: Hearing }) {
  // In a simulation the day has a clock of its own, which the page shows everywhere else too.
  const isSimulated = useStatus()?.simulatedSpeed !== undefined;
  const serverTime = usePart(live, ({ books }) => books.serverTime);
  const engineTime = usePart(live, ({ books }) => books.engineTime);
  const heardAt = usePart(live, (now) => now.heardAt);
  const { contact, silentSeconds } = hearing;
  const seconds = Math.max(silentSeconds, 0);
  const tries = contact.kind === 'lost' ? ` Reconnecting, try ${contact.attempt}.` : '';
  const word = (isSimulated ? engineTime : serverTime) ?? fromMs(heardAt);
  return (
    <Bar look="warn" word="NO CONTACT" Shape={Triangle}>
      {serverTime === undefined ? (
        `No word from the daemon yet, for ${seconds} s.${tries}`
      ) : (
        <>
          Last word {seconds} s ago, at <Time at={word} clockName={isSimulated ? 'engine' : 'wall'} /> NY.
          Figures below are old.{tries}
        </>
      )}
    </Bar>
  );
}
