import { useEffect, type ReactElement } from 'react';

import { HistoryPage } from '../history/HistoryPage';
import { LivePage } from '../live/LivePage';
import { LogsPage } from '../logs/LogsPage';
import { end, useSession } from '../session/session';
import { SignIn } from '../session/SignIn';
import { SignalsPage } from '../signals/SignalsPage';
import { followLive } from '../state/live';
import { Frame } from './Frame';
import { usePage, type Page } from './route';

const PAGE: Record<Page, () => ReactElement> = {
  '/': LivePage,
  '/signals': SignalsPage,
  '/history': HistoryPage,
  '/logs': LogsPage,
};

/** The whole of the dashboard. */
export function App() {
  const session = useSession();
  const Shown = PAGE[usePage()];
  const token = session.kind === 'in' ? session.token : undefined;
  useEffect(() => {
    if (token !== undefined) return followLive(token, () => end(token, 'ended'));
  }, [token]);
  switch (session.kind) {
    case 'looking':
      return null;
    case 'out':
      return <SignIn why={session.why} />;
    case 'in':
      return (
        <Frame>
          <Shown />
        </Frame>
      );
  }
}
