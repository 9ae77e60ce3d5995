import { useMemo, useState } from 'react';

import { signOut, useApi, useMayAct } from '../session/session';
import { classes, Dialog, FIELD } from '../ui';
import type { Api } from '../wire/api';
import { perform } from './act';
import { hideDialog, show } from './shownDialog';
import { engage } from './kill';
import { navigate } from './route';
import { change } from './settings';

interface Act {
  readonly name: string;
  readonly detail: string;
  readonly run: () => void;
}

/** Every command by its name: type, choose with the arrows, Enter. */
export function Palette() {
  const api = useApi();
  const mayAct = useMayAct();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const acts = useMemo(() => [...(mayAct ? actsOn(api) : []), ...looks()], [api, mayAct]);
  const found = matching(acts, typed);
  const chosen = found[Math.min(at, found.length - 1)];
  const run = (act: Act) => {
    hideDialog();
    act.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) setAt((before) => Math.max(0, Math.min(before, found.length - 1) + step));
    else if (event.key === 'Enter' && chosen !== undefined) run(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands" onClose={hideDialog}>
      <input
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls="acts"
        aria-activedescendant={chosen && `act-${chosen.name}`}
        aria-label="Command"
        placeholder="Type a command or a page"
        className={FIELD}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="acts" role="listbox" aria-label="Commands" className="max-h-80 overflow-y-auto">
        {found.map((act) => (
          // The field above has the focus and the keys.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={act.name}
            id={`act-${act.name}`}
            role="option"
            tabIndex={-1}
            aria-selected={act === chosen}
            className={classes('flex gap-3 rounded-control px-3 py-1', act === chosen && 'bg-raised')}
            onClick={() => run(act)}
          >
            <span className="font-medium">{act.name}</span>
            <span className="text-text-2">{act.detail}</span>
          </li>
        ))}
        {found.length === 0 && <li className="px-3 py-1 text-text-2">No such command</li>}
      </ul>
    </Dialog>
  );
}

/** Returns the acts whose name or detail has all the words. */
function matching(acts: readonly Act[], typed: string): readonly Act[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return acts.filter((act) => {
    const text = `${act.name} ${act.detail}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function actsOn(api: Api): Act[] {
  return [
    { name: 'Kill', detail: 'stops all entries at once', run: () => engage(api) },
    { name: 'Flatten all…', detail: 'closes every position', run: () => show('flatten') },
    {
      name: 'Pause entries',
      detail: 'no new entries; what works goes on',
      run: () =>
        perform('Pause entries', 'orbctl pause', (requestId, options) =>
          api.control.pauseEntries({ requestId }, options),
        ),
    },
    { name: 'Release or resume…', detail: 'allows entries again', run: () => show('release') },
    {
      name: 'Cancel working entries',
      detail: 'all of them; stops stay',
      run: () =>
        perform('Cancel working entries', 'orbctl cancel --all', (requestId, options) =>
          api.control.cancelAllOrders({ requestId }, options),
        ),
    },
    { name: 'Environment…', detail: 'where the orders go', run: () => show('environment') },
  ];
}

function looks(): Act[] {
  return [
    { name: 'Live', detail: 'page', run: () => navigate('/') },
    { name: 'Signals', detail: 'page', run: () => navigate('/signals') },
    { name: 'History', detail: 'page', run: () => navigate('/history') },
    { name: 'Logs', detail: 'page', run: () => navigate('/logs') },
    { name: 'Holds', detail: 'why entries are held', run: () => show('holds') },
    { name: 'Dark theme', detail: 'settings', run: () => change({ theme: 'dark' }) },
    { name: 'Light theme', detail: 'settings', run: () => change({ theme: 'light' }) },
    { name: 'Settings…', detail: 'theme and colours', run: () => show('settings') },
    { name: 'Keys', detail: 'help', run: () => show('help') },
    { name: 'Sign out', detail: 'in all tabs', run: signOut },
  ];
}
