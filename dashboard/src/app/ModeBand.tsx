import { day, heldMs, toMs } from '../format';
import { useEngineNow } from '../state/engineClock';
import { useLedger, useStatus } from '../state/live';
import { classes, Time } from '../ui';
import { show } from './shownDialog';
import { maskedAccount, modeOf, modeWords, phaseWords, type Mode } from './words';

/** The look of a mode is a form too: solid for LIVE, a block for PAPER, hatched for SIM. */
const BAND: Record<Mode, string> = {
  live: 'bg-mode-live text-white',
  paper: 'bg-surface text-text border-b-2 border-mode-paper',
  sim: 'hatched text-white',
  unknown: 'bg-raised text-text-2',
};

const BLOCK: Record<Mode, string> = {
  live: '',
  paper: 'bg-mode-paper text-white self-stretch -ml-4 pl-4 pr-3 flex items-center -mb-[2px]',
  sim: '',
  unknown: '',
};

/** The band that says where the orders go. A click asks for another environment. */
export function ModeBand() {
  const ledger = useLedger();
  const speed = useStatus()?.simulatedSpeed;
  const mode = modeOf(ledger);
  return (
    <header
      data-mode={mode}
      className={classes('flex h-8 shrink-0 items-center justify-between gap-4 px-4 font-medium', BAND[mode])}
    >
      <button
        type="button"
        className="-my-1 flex min-w-0 items-center gap-2 self-stretch -outline-offset-2"
        title="Environment"
        onClick={() => show('environment')}
      >
        <ModeName mode={mode} />
        <span className="truncate">{modeWords(mode, speed)}</span>
        {ledger !== undefined && ledger.accountId !== '' && (
          <span className="whitespace-nowrap max-tablet:hidden">
            · Account {maskedAccount(ledger.accountId)}
          </span>
        )}
      </button>
      <SessionClock />
    </header>
  );
}

function ModeName({ mode }: { readonly mode: Mode }) {
  const name = mode === 'unknown' ? 'orb' : mode.toUpperCase();
  return <strong className={classes('text-[14px] font-bold tracking-wide', BLOCK[mode])}>{name}</strong>;
}

/** The band of a dialogue: nobody acts in a mode without seeing it. */
export function DialogBand() {
  const ledger = useLedger();
  const speed = useStatus()?.simulatedSpeed;
  const mode = modeOf(ledger);
  return (
    <div className={classes('flex h-8 shrink-0 items-center gap-2 px-4 font-medium', BAND[mode])}>
      <ModeName mode={mode} />
      <span>{modeWords(mode, speed)}</span>
      {ledger !== undefined && <span>· {maskedAccount(ledger.accountId)}</span>}
    </div>
  );
}

function SessionClock() {
  const now = useEngineNow();
  const { phase, next, at } = phaseWords(useStatus());
  const left = toMs(at);
  const nowMs = toMs(now);
  return (
    <span className="whitespace-nowrap">
      <span className="max-tablet:hidden">{now === undefined ? '' : `${day(now)} · `}</span>
      <Time at={now} /> NY
      <span className="max-tablet:hidden">
        {phase !== '' && ` · ${phase}`}
        {left !== undefined && nowMs !== undefined && ` · ${next} ${heldMs(Math.max(0, left - nowMs))}`}
      </span>
    </span>
  );
}
