import { signOut } from '../session/session';
import { Button, Dialog } from '../ui';
import { hideDialog } from './shownDialog';
import { change, useSettings, type Settings } from './settings';

const THEMES: Record<Settings['theme'], string> = { system: 'As the system', dark: 'Dark', light: 'Light' };
const SIGNS: Record<Settings['signs'], string> = {
  'blue-orange': 'Gain blue, loss orange: told apart by all eyes',
  'green-red': 'Gain green, loss red',
  'red-green': 'Gain red, loss green',
};

/** How the page looks in this browser. */
export function SettingsDialog() {
  const { theme, signs } = useSettings();
  return (
    <Dialog title="Settings of this browser" onClose={hideDialog}>
      <Choice
        legend="Theme"
        options={THEMES}
        value={theme}
        onChange={(chosen) => change({ theme: chosen })}
      />
      <Choice
        legend="Gain and loss"
        options={SIGNS}
        value={signs}
        onChange={(chosen) => change({ signs: chosen })}
      />
      <div className="grid grid-cols-2 gap-2">
        <Button data-autofocus onClick={hideDialog}>
          Done
        </Button>
        <Button onClick={leave}>Sign out</Button>
      </div>
    </Dialog>
  );
}

function leave(): void {
  hideDialog();
  signOut();
}

interface ChoiceProps<K extends string> {
  readonly legend: string;
  readonly options: Record<K, string>;
  readonly value: K;
  readonly onChange: (value: K) => void;
}

function Choice<K extends string>({ legend, options, value, onChange }: ChoiceProps<K>) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-label text-text-2">{legend}</legend>
      {(Object.keys(options) as K[]).map((key) => (
        <label key={key} className="flex items-center gap-2">
          <input type="radio" name={legend} checked={value === key} onChange={() => onChange(key)} />
          {options[key]}
        </label>
      ))}
    </fieldset>
  );
}
