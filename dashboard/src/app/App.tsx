import { lazy, Suspense, useEffect, type ComponentType } from 'react';

import { LivePage } from '../live/LivePage';
import { end, useSession } from '../session/session';
import { SignIn } from '../session/SignIn';
import { followLive } from '../state/live';
import { Boundary } from '../ui/Boundary';
import { Frame } from './Frame';
import { patiently } from './patiently';
import { usePage, type Page } from './route';

/** Live is there at once, and Kill with it; the other pages come when they are first shown. */
const PAGE: Record<Page, ComponentType> = {
  '/': LivePage,
  '/signals': lazy(() => patiently(() => import('../signals/SignalsPage').then(shown('SignalsPage')))),
  '/history': lazy(() => patiently(() => import('../history/HistoryPage').then(shown('HistoryPage')))),
  '/logs': lazy(() => patiently(() => import('../logs/LogsPage').then(shown('LogsPage')))),
};

/** Returns what finds a page in its module. */
function shown<N extends string>(name: N) {
  return (module: Record<N, ComponentType>) => ({ default: module[name] });
}

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
            <Suspense fallback={null}>
              <Shown />
            </Suspense>
          </Boundary>
        </Frame>
      );
  }
}
