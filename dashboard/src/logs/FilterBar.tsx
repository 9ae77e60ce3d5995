import { useEffect, useRef, useState, type ReactNode } from 'react';

import { classes } from '../ui';
import { COMPONENTS, SEVERITIES, type LogFilter } from './filter';

/** Typing is quicker than looking; the lines follow when the fingers rest. */
const REST_MS = 150;

export interface FilterBarProps {
  readonly filter: LogFilter;
  readonly onChange: (filter: LogFilter) => void;
  /** Lines that pass, and lines that are there. */
  readonly found: number;
  readonly all: number;
  /** Stands at the right end: whether the lines are live. */
  readonly children: ReactNode;
}

/** Chooses which lines are shown. */
export function FilterBar({ filter, onChange, found, all, children }: FilterBarProps) {
  const { severity, components } = filter;
  const toggle = (component: LogFilter['components'][number]) => {
    const rest = components.filter((each) => each !== component);
    onChange({ ...filter, components: rest.length < components.length ? rest : [...components, component] });
  };
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-3 py-2">
      <fieldset className="flex">
        <legend className="sr-only">Severity at least</legend>
        {SEVERITIES.map(({ value, name }) => (
          <label key={name} className={segment(value === severity, value > severity)}>
            <input
              type="radio"
              name="severity"
              className="sr-only"
              checked={value === severity}
              onChange={() => onChange({ ...filter, severity: value })}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <fieldset className="flex flex-wrap gap-1">
        <legend className="sr-only">Components</legend>
        {COMPONENTS.map(({ value, name }) => (
          <button
            key={name}
            type="button"
            aria-pressed={components.includes(value)}
            onClick={() => toggle(value)}
            className={chip(components.includes(value))}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <Search key="search" text={filter.search} onChange={(search) => onChange({ ...filter, search })} />
      <span role="status" className="text-text-2">
        {found} of {all}
        <span className="sr-only"> lines pass the filters</span>
      </span>
      <div className="ml-auto flex items-center gap-2">{children}</div>
    </div>
  );
}

/** The chosen one is filled; graver ones pass too and are as clear as it. */
function segment(isChosen: boolean, passesToo: boolean): string {
  return classes(
    'inline-flex h-7 cursor-pointer items-center border border-edge px-2 pointer-coarse:h-11',
    '-ml-px first-of-type:ml-0 first-of-type:rounded-l-control last-of-type:rounded-r-control',
    'has-focus-visible:outline-2 has-focus-visible:outline-focus',
    isChosen && 'bg-track font-semibold text-text',
    !isChosen && passesToo && 'bg-raised text-text',
    !isChosen && !passesToo && 'text-text-2 hover:bg-raised',
  );
}

function chip(isPressed: boolean): string {
  return classes(
    'inline-flex h-7 items-center rounded-control border px-2 pointer-coarse:h-11',
    isPressed ? 'border-text-2 bg-track font-semibold text-text' : 'border-edge text-text-2 hover:bg-raised',
  );
}

interface SearchProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
}

/** Searches for words as they are typed; `/` comes here and Escape leaves. */
function Search({ text, onChange }: SearchProps) {
  const [typed, setTyped] = useState(text);
  const [told, setTold] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  // The address was changed by something else, such as going back.
  if (text !== told) {
    setTold(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === told) return;
    const timer = setTimeout(() => {
      setTold(typed);
      onChange(typed);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [typed, told, onChange]);
  return (
    <input
      ref={input}
      type="search"
      aria-label="Search the log"
      aria-keyshortcuts="/"
      data-search
      placeholder="Search words"
      autoComplete="off"
      spellCheck={false}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        setTyped('');
        input.current?.blur();
      }}
      className="h-7 w-full min-w-0 rounded-control border border-edge bg-bg px-2 text-text placeholder:text-text-3 tablet:w-60 pointer-coarse:h-11"
    />
  );
}
