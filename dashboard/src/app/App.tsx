import type { ReactElement } from 'react';

import { HistoryPage } from '../history/HistoryPage';
import { LivePage } from '../live/LivePage';
import { LogsPage } from '../logs/LogsPage';
import { SignalsPage } from '../signals/SignalsPage';
import { usePage, type Page } from './route';

const PAGE: Record<Page, () => ReactElement> = {
  '/': LivePage,
  '/signals': SignalsPage,
  '/history': HistoryPage,
  '/logs': LogsPage,
};

/** The whole of the dashboard. */
export function App() {
  const Shown = PAGE[usePage()];
  return <Shown />;
}
