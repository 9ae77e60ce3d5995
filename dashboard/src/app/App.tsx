import { useEffect, type ReactElement } from 'react';

import { HistoryPage } from '../history/HistoryPage';
import { LivePage } from '../live/LivePage';
import { LogsPage } from '../logs/LogsPage';
import { end, useSession } from '../session/session';
import { SignIn } from '../session/SignIn';
import { SignalsPage } from '../signals/SignalsPage';
import { followLive } from '../state/live';
import { Boundary } from '../ui/Boundary';
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
  const page = usePage();
  const Shown = PAGE[page];
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
          <Boundary key={page}>
            <Shown />
          </Boundary>
        </Frame>
      );
  }
}
