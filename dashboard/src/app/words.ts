import {
  Component,
  Environment,
  HoldCleared,
  HoldKind,
  Role,
  SessionPhase,
  TradingState,
  type GetStatusResponse,
  type Hold,
  type Ledger,
} from '../wire/proto';

/** The name of a mode, as the band shows it; also the name of its colour. */
export type Mode = 'sim' | 'paper' | 'live' | 'unknown';

/** Returns the mode that a ledger trades in; unknown before the daemon has said it. */
export function modeOf(ledger: Ledger | undefined): Mode {
  switch (ledger?.environment) {
    case Environment.SIM:
      return 'sim';
    case Environment.PAPER:
      return 'paper';
    case Environment.LIVE:
      return 'live';
    case Environment.UNSPECIFIED:
    case undefined:
      return 'unknown';
  }
}

/** Returns what a mode means, in words. */
export function modeWords(mode: Mode, speed: number | undefined): string {
  switch (mode) {
    case 'sim':
      return speed === undefined
        ? 'Simulated market'
        : `Simulated market, ${speed === 0 ? 'full speed' : `${speed}x`}`;
    case 'paper':
      return 'Broker paper account';
    case 'live':
      return 'Real money';
    case 'unknown':
      return 'Waiting for the daemon';
  }
}

/** Masks an account id but for its last four characters. */
export function maskedAccount(account: string): string {
  return account === '' ? '' : `····${account.slice(-4)}`;
}

/** Returns the word for a trading state. */
export function stateWord(state: TradingState | undefined): string {
  return state === undefined || state === TradingState.UNSPECIFIED ? 'UNKNOWN' : TradingState[state];
}

const HOLD_WORDS: Record<HoldKind, string> = {
  [HoldKind.UNSPECIFIED]: 'Unknown hold',
  [HoldKind.STARTING]: 'Starting',
  [HoldKind.RECONCILING]: 'Comparing the books with the broker',
  [HoldKind.STALE_DATA]: 'Market data is too old',
  [HoldKind.STORE_DEGRADED]: 'The database is slow or failing',
  [HoldKind.CLOCK_SKEW]: 'The clock differs from the broker’s',
  [HoldKind.BROKER_UNAVAILABLE]: 'The broker does not answer',
  [HoldKind.OPERATOR_PAUSE]: 'Paused',
  [HoldKind.ENVIRONMENT_SWITCHED]: 'Environment switched',
  [HoldKind.CRASHED]: 'The last run ended abnormally',
  [HoldKind.BREAKER]: 'A hard cap was exceeded',
  [HoldKind.RECONCILE_BREAK]: 'The books differ from the broker’s',
  [HoldKind.FOREIGN_ACTIVITY]: 'Orders or positions that are not orb’s',
  [HoldKind.DAILY_LOSS]: 'Daily loss limit reached',
  [HoldKind.FLATTENING]: 'Closing every position',
  [HoldKind.KILL]: 'Kill switch',
};

/** Returns why entries are held, in words; a kind that this page does not know is shown as unknown. */
export function holdWords(kind: HoldKind): string {
  return (HOLD_WORDS as Partial<Record<number, string>>)[kind] ?? `Unknown hold ${kind}`;
}

/** Returns who ends a hold, in words. */
export function clearedBy(cleared: HoldCleared): string {
  switch (cleared) {
    case HoldCleared.BY_CAUSE:
      return 'ends with its cause';
    case HoldCleared.BY_OPERATOR:
      return 'you clear it';
    case HoldCleared.BY_NEXT_SESSION:
      return 'ends with the next session';
    case HoldCleared.BY_FLAT:
      return 'ends when all is verified flat';
    case HoldCleared.BY_OPERATOR_WITH_REASON:
      return 'you clear it, with a reason';
    case HoldCleared.UNSPECIFIED:
      return 'unknown how it ends';
  }
}

/** Says whether an operator ends a hold, rather than time or its cause. */
export function isClearedByOperator(hold: Hold): boolean {
  return hold.clearedBy === HoldCleared.BY_OPERATOR || hold.clearedBy === HoldCleared.BY_OPERATOR_WITH_REASON;
}

const STATE_OF: Partial<Record<HoldKind, TradingState>> = {
  [HoldKind.KILL]: TradingState.HALTED,
  [HoldKind.FLATTENING]: TradingState.FLATTENING,
  [HoldKind.CRASHED]: TradingState.REDUCING,
  [HoldKind.BREAKER]: TradingState.REDUCING,
  [HoldKind.RECONCILE_BREAK]: TradingState.REDUCING,
  [HoldKind.FOREIGN_ACTIVITY]: TradingState.REDUCING,
  [HoldKind.DAILY_LOSS]: TradingState.REDUCING,
};

/** Returns the hold that makes the state what it is; absent without holds. */
export function decisiveHold(status: GetStatusResponse): Hold | undefined {
  const rank = (hold: Hold) => STATE_OF[hold.kind] ?? TradingState.PAUSED;
  return status.holds.find((hold) => rank(hold) === status.state) ?? status.holds[0];
}

/** Returns the part of the trading day, and what comes next with its instant. */
export function phaseWords(status: GetStatusResponse | undefined) {
  const session = status?.session;
  switch (session?.phase) {
    case SessionPhase.CLOSED:
      return { phase: `Next session ${session.date}`, next: 'opens in', at: session.open };
    case SessionPhase.PRE_OPEN:
      return { phase: 'Before the open', next: 'opens in', at: session.open };
    case SessionPhase.OPENING_RANGE:
      return { phase: 'Open', next: 'range ends in', at: session.rangeEnd };
    case SessionPhase.ENTRIES:
      return { phase: 'Open', next: 'flatten in', at: session.flatten };
    case SessionPhase.MANAGING:
      return { phase: 'No new entries', next: 'flatten in', at: session.flatten };
    case SessionPhase.FLATTENING:
      return { phase: 'Flattening', next: 'closes in', at: session.close };
    case SessionPhase.AFTER_CLOSE:
      return { phase: 'Closed', next: '', at: undefined };
    case SessionPhase.UNSPECIFIED:
    case undefined:
      return { phase: '', next: '', at: undefined };
  }
}

/** Returns the word for what a token allows. */
export function roleWord(role: Role | undefined): string {
  return role === undefined || role === Role.UNSPECIFIED ? '' : Role[role].toLowerCase();
}

/** Returns the name of a part of orb. */
export function componentWord(component: Component): string {
  switch (component) {
    case Component.EXECUTOR:
      return 'Executor';
    case Component.RISK_MANAGER:
      return 'Risk';
    case Component.ALPACA:
      return 'Broker';
    case Component.STRATEGY:
      return 'Strategy';
    case Component.STORE:
      return 'Store';
    case Component.API:
      return 'API';
    case Component.DATA:
      return 'Feed';
    case Component.UNSPECIFIED:
      return 'Unknown part';
  }
}
