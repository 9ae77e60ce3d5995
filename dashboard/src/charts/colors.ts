/** The design's tokens as a canvas needs them: read from the page, so that themes stay in one place. */

import { useEffect, useState } from 'react';

/** Colours of a chart. */
export interface ChartColors {
  readonly surface: string;
  readonly text: string;
  readonly text2: string;
  /** Bars, and whatever is old. */
  readonly text3: string;
  readonly line: string;
  readonly edge: string;
  readonly gain: string;
  readonly loss: string;
  readonly danger: string;
}

const TOKENS: Record<keyof ChartColors, string> = {
  surface: '--surface',
  text: '--text',
  text2: '--text-2',
  text3: '--text-3',
  line: '--line',
  edge: '--edge',
  gain: '--gain',
  loss: '--loss',
  danger: '--danger',
};

/** Returns the page's colours; what is stale has neither gain nor loss. */
export function readColors(isStale: boolean): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const read = (token: string) => style.getPropertyValue(token).trim() || '#8492a3';
  const colors = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, read(token)]),
  ) as unknown as ChartColors;
  return isStale ? { ...colors, gain: colors.text3, loss: colors.text3, danger: colors.text3 } : colors;
}

/** Follows the page's colours through changes of theme. */
export function useChartColors(isStale: boolean): ChartColors {
  const [colors, setColors] = useState(() => readColors(isStale));
  useEffect(() => {
    const read = () => setColors(readColors(isStale));
    read();
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributes: true });
    const scheme = window.matchMedia('(prefers-color-scheme: light)');
    scheme.addEventListener('change', read);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', read);
    };
  }, [isStale]);
  return colors;
}

/** Returns a colour of the page, `#rgb` or `#rrggbb`, with an opacity from 0 to 1. */
export function faded(color: string, opacity: number): string {
  const hex = color.slice(1);
  const wide = hex.length === 3 ? hex.replaceAll(/./g, '$&$&') : hex;
  const [red, green, blue] = [0, 2, 4].map((start) => Number.parseInt(wide.slice(start, start + 2), 16));
  if (![red, green, blue].every((part) => part !== undefined && Number.isFinite(part))) return color;
  return `rgba(${red ?? 0}, ${green ?? 0}, ${blue ?? 0}, ${opacity})`;
}
