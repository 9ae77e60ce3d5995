import { Code } from '@connectrpc/connect';
import { useId, useState } from 'react';

import { setQuery } from '../app/route';
import type { DateText } from '../format';
import { useApi } from '../session/session';
import { useCall } from '../state/call';
import { useLedger } from '../state/live';
import { Button, ErrorNote, Note, SideLabel, Skeleton } from '../ui';
import { DateInput, Input } from '../ui/Filter';
import { UniverseState, type UniverseEntry } from '../wire/proto';
import { Explained } from './Explained';
import { tickerOf } from './filters';
import { reasonSentence } from './reasons';
import { statusWord } from './status';
import { stateWord } from './universe';

const UNIVERSE_MAX = 1000;

/** Asks why a symbol was traded or not; the answer stands in the detail. */
export function WhyNotForm({ symbol, date }: { readonly symbol: string; readonly date: DateText }) {
  const [text, setText] = useState(symbol);
  const listId = useId();
  const universe = useUniverse(date);
  return (
    <form
      className="flex items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ why: tickerOf(text) ?? null, id: null });
      }}
    >
      <Input
        label="Why not?"
        placeholder="Symbol"
        list={listId}
        value={text}
        className="w-28 uppercase placeholder:normal-case"
        onChange={(event) => setText(event.target.value)}
      />
      <datalist id={listId}>
        {universe?.map((entry) => (
          <option key={`${entry.strategy} ${entry.symbol}`} value={entry.symbol} label={stateWords(entry)} />
        ))}
      </datalist>
      <Button type="submit" size="row" disabled={tickerOf(text) === undefined}>
        Ask
      </Button>
    </form>
  );
}

function useUniverse(date: DateText): readonly UniverseEntry[] | undefined {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, date, 'universe']);
  const { data } = useCall(key, (signal) =>
    api.signals.listUniverse({ date, pageSize: UNIVERSE_MAX }, { signal }),
  );
  return data?.entries;
}

function stateWords({ state, reason }: UniverseEntry): string {
  return state === UniverseState.EXCLUDED ? (reason ?? stateWord(state)) : stateWord(state);
}

/** Shows why each strategy traded a symbol on a day or did not. */
export function WhyNotDetail({ symbol, date }: { readonly symbol: string; readonly date: DateText }) {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, symbol, date]);
  const { data, error, reload } = useCall(key, (signal) =>
    api.signals.explainSymbol({ symbol, date }, { signal }),
  );
  return (
    <>
      <div className="px-3 py-2">
        <DateInput
          label="Session"
          value={data?.explanations[0]?.date ?? date}
          onDate={(day) => setQuery({ day })}
        />
      </div>
      {error?.code === Code.NotFound && (
        <Note>{`Nothing is known of ${symbol} on that day: it was not in the universe, or its range is not complete yet.`}</Note>
      )}
      {error !== undefined && error.code !== Code.NotFound && <ErrorNote error={error} onRetry={reload} />}
      {error === undefined && data === undefined && <Skeleton className="m-3 h-80" />}
      {data?.explanations.map((explanation) => (
        <div key={explanation.strategy}>
          <h3 className="border-t border-line px-3 pt-2 font-semibold">{explanation.strategy}</h3>
          <Explained explanation={explanation} />
        </div>
      ))}
      {data?.signals.map((signal) => (
        <p key={signal.id} className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-2">
          <SideLabel side={signal.side} />
          <span>{statusWord(signal.status)}</span>
          {signal.reason !== undefined && (
            <span className="text-text-2">{reasonSentence(signal.reason)}</span>
          )}
          <Button size="row" className="ml-auto" onClick={() => setQuery({ id: signal.id, why: null })}>
            Show signal
          </Button>
        </p>
      ))}
    </>
  );
}
