import {
  Code,
  ConnectError,
  createClient,
  type Client,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';

import { ControlService, HistoryService, LogService, PortfolioService, SignalService } from './proto';
import { transportFor } from './transport';

/** The services of the daemon, called as the signed-in person. */
export interface Api {
  readonly control: Client<typeof ControlService>;
  readonly portfolio: Client<typeof PortfolioService>;
  readonly signals: Client<typeof SignalService>;
  readonly history: Client<typeof HistoryService>;
  readonly logs: Client<typeof LogService>;
}

/** Returns the services over a transport. */
export function apiOver(transport: Transport): Api {
  return {
    control: createClient(ControlService, transport),
    portfolio: createClient(PortfolioService, transport),
    signals: createClient(SignalService, transport),
    history: createClient(HistoryService, transport),
    logs: createClient(LogService, transport),
  };
}

/** Returns the services for a token; `ended` is called when the daemon does not know it any more. */
export function apiFor(token: string, ended: () => void): Api {
  const watchEnd: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (ConnectError.from(error).code === Code.Unauthenticated) ended();
      throw error;
    }
  };
  return apiOver(transportFor(token, [watchEnd]));
}
