/** The whole route table. A route that is not here does not exist. */
import type { Login } from '../auth/login.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Users } from '../auth/users.ts';
import type { Meetings } from '../meetings/service.ts';
import type { Board } from './board.ts';
import type { History } from './contract.ts';
import type { Route } from './route.ts';
import { type DeviceParts, deviceRoutes } from './routes/devices.ts';
import { type DrillRouteParts, drillRoutes } from './routes/drills.ts';
import { historyRoutes } from './routes/history.ts';
import { type MediaParts, mediaRoutes } from './routes/media.ts';
import { meetingRoutes } from './routes/meetings.ts';
import { type NetworkParts, networkRoutes } from './routes/network.ts';
import { sessionRoutes } from './routes/session.ts';
import { type SystemParts, systemRoutes } from './routes/system.ts';
import { userRoutes } from './routes/users.ts';
import type { Stream } from './stream.ts';

export interface RoutesParts {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly users: Users;
  readonly meetings: Meetings;
  readonly board: Board;
  readonly stream: Stream;
  readonly history: History;
  readonly network: Pick<NetworkParts, 'registry' | 'restartMedia'>;
  readonly devices: Pick<DeviceParts, 'devices' | 'registry' | 'facts' | 'run'>;
  readonly media: Pick<MediaParts, 'client' | 'facts' | 'recordings' | 'clock' | 'log'>;
  readonly drills: DrillRouteParts['drills'];
  readonly system: SystemParts;
}

export function routesOf({
  login,
  sessions,
  users,
  meetings,
  board,
  stream,
  history,
  network,
  devices,
  media,
  drills,
  system,
}: RoutesParts): readonly Route[] {
  const routes = [
    ...sessionRoutes({ login, sessions, users }),
    ...userRoutes(users),
    ...networkRoutes({ ...network, meetings, board }),
    ...deviceRoutes({ ...devices, board }),
    ...meetingRoutes({ meetings, board }),
    ...mediaRoutes({ ...media, meetings, sessions }),
    ...drillRoutes({ drills }),
    ...historyRoutes({ history, stream, sessions }),
  ];
  return [...systemRoutes(system, routes), ...routes];
}
