import { Component, Severity, type LogEntry } from '../wire/proto';
import { hasWords, wordsOf } from './search';

/** Which lines are shown. */
export interface LogFilter {
  /** Only lines that matter at least so much. */
  readonly severity: Severity;
  /** Only lines of these parts of orb; empty for all. */
  readonly components: readonly Component[];
  /** The words that a line must have, as they were typed. */
  readonly search: string;
}

/** The severities, the gravest first. */
export const SEVERITIES = [
  { value: Severity.ERROR, name: 'ERROR', key: 'error' },
  { value: Severity.WARN, name: 'WARN', key: 'warn' },
  { value: Severity.INFO, name: 'INFO', key: 'info' },
  { value: Severity.DEBUG, name: 'DEBUG', key: 'debug' },
] as const;

/** The parts of orb, in the order in which a day meets them. */
export const COMPONENTS = [
  { value: Component.STRATEGY, name: 'Strategy' },
  { value: Component.RISK_MANAGER, name: 'RiskManager' },
  { value: Component.EXECUTOR, name: 'Executor' },
  { value: Component.ALPACA, name: 'Alpaca' },
  { value: Component.DATA, name: 'Data' },
  { value: Component.STORE, name: 'Store' },
  { value: Component.API, name: 'Api' },
] as const;

/** What a trader cares about; what is for finding faults is shown when asked for. */
const SEVERITY_AT_FIRST = Severity.INFO;

/** Returns the name of a severity; an unknown one is a number of a later orb. */
export function severityName(severity: Severity): string {
  return SEVERITIES.find(({ value }) => value === severity)?.name ?? String(severity);
}

/** Returns the name of a part of orb. */
export function componentName(component: Component): string {
  return COMPONENTS.find(({ value }) => value === component)?.name ?? String(component);
}

/** Reads a filter from an address; what is not understood there is as if it were not there. */
export function filterOf(query: URLSearchParams): LogFilter {
  const severity = SEVERITIES.find(({ key }) => key === query.get('severity'))?.value ?? SEVERITY_AT_FIRST;
  const names = query.getAll('component');
  const components = COMPONENTS.filter(({ name }) => names.includes(name)).map(({ value }) => value);
  return { severity, components, search: query.get('search') ?? '' };
}

/** Returns what an address says of a filter; what is as at first is left out. */
export function queryOf(filter: LogFilter) {
  const severity = filter.severity === SEVERITY_AT_FIRST ? undefined : filter.severity;
  return {
    severity: SEVERITIES.find(({ value }) => value === severity)?.key ?? null,
    component: filter.components.map(componentName),
    search: filter.search,
  };
}

/** Returns the lines that pass. */
export function passing(entries: readonly LogEntry[], filter: LogFilter): LogEntry[] {
  const words = wordsOf(filter.search);
  const { severity, components } = filter;
  return entries.filter(
    (entry) =>
      entry.severity >= severity &&
      (components.length === 0 || components.includes(entry.component)) &&
      hasWords(entry, words),
  );
}
