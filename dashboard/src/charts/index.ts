/** The charts. Those that need the canvas library are loaded when the first of them is shown. */

import { lazy } from 'react';

import { patiently } from '../app/patiently';

export { Calendar } from './Calendar';
export { RHistogram } from './RHistogram';
export type { BarSource } from './bars';
export type { TradeLevels, FillMark } from './levels';
export type { PnlExit, PnlSource } from './intraday';
export { pnlExtremes, pnlPoints } from './intraday';

/** The session's P&L; draw it within a `Suspense`. */
export const PnlChart = lazy(() => patiently(() => import('./PnlChart')));
/** Equity, returns and drawdown; draw it within a `Suspense`. */
export const EquityChart = lazy(() => patiently(() => import('./EquityChart')));
/** A symbol's day; draw it within a `Suspense`. */
export const CandleChart = lazy(() => patiently(() => import('./CandleChart')));
