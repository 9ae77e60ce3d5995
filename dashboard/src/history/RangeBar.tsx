import { useState } from 'react';

import { maskedAccount, modeOf } from '../app/words';
import { setQuery, useQuery } from '../app/route';
import { useApi } from '../session/session';
import { useStrategies } from '../signals/useStrategies';
import { Button, Chip } from '../ui';
import { DateInput, Select, type Choice } from '../ui/Filter';
import { Environment, type Ledger } from '../wire/proto';
import { csvName, download, loadCsv } from './csv';
import { PRESETS, rangeWords, type HistoryRange } from './range';
import type { TradeQuestion } from './trades';

interface RangeBarProps {
  readonly range: HistoryRange;
  readonly ledger: Ledger;
  readonly question: TradeQuestion;
}

const RANGE_CHOICES: readonly Choice[] = [...PRESETS, ['', 'Dates']];

/** Chooses sessions and strategy, names the ledger, and hands out the file. */
export function RangeBar({ range, ledger, question }: RangeBarProps) {
  const query = useQuery();
  const strategies = useStrategies();
  const dates = (from: string, to: string) => setQuery({ from, to, range: null, page: null });
  return (
    <div role="search" aria-label="Range" className="flex flex-wrap items-center gap-2">
      <Select
        label="Range"
        choices={RANGE_CHOICES}
        value={range.preset ?? ''}
        onChange={({ target: { value } }) => {
          if (value === '') dates(range.from, range.to);
          else setQuery({ range: value === '30' ? null : value, from: null, to: null, page: null });
        }}
      />
      <DateInput label="From" isLabelHidden value={range.from} onDate={(date) => dates(date, range.to)} />
      <DateInput label="to" value={range.to} onDate={(date) => dates(range.from, date)} />
      <Select
        label="Strategy"
        choices={[['', 'all'], ...strategies.map((name): Choice => [name, name])]}
        value={query.get('strategy') ?? ''}
        onChange={({ target }) => setQuery({ strategy: target.value, page: null })}
      />
      <span className="flex items-center gap-2 text-label text-text-2">
        Ledger
        <Chip>{ledgerName(ledger)}</Chip>
      </span>
      <Csv range={range} ledger={ledger} question={question} />
    </div>
  );
}

function ledgerName(ledger: Ledger): string {
  const account =
    ledger.environment === Environment.LIVE ? maskedAccount(ledger.accountId) : ledger.accountId;
  return `${modeOf(ledger).toUpperCase()} ${account}`;
}

function Csv({ range, ledger, question }: RangeBarProps) {
  const api = useApi();
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle');
  const fetchFile = async () => {
    setState('busy');
    try {
      const name = csvName(
        `${modeOf(ledger).toUpperCase()} ${ledger.accountId.slice(-6)}`,
        rangeWords(range),
      );
      download(await loadCsv(api, question), name);
      setState('idle');
    } catch {
      setState('failed');
    }
  };
  return (
    <span className="ml-auto flex items-center gap-2">
      {state === 'failed' && <span role="alert">The file did not come whole.</span>}
      <Button size="row" disabled={state === 'busy'} onClick={() => void fetchFile()}>
        {state === 'busy' ? 'Loading…' : state === 'failed' ? 'CSV, again' : 'CSV'}
      </Button>
    </span>
  );
}
