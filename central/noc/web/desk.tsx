/** What every part of the page works with, made once in main.tsx and handed down; so a page test could make its own. */
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Clock } from '../../../protocol/clock.ts';
import type { Announcer } from '../../../protocol/web/components/announce.tsx';
import type { Api } from './api.ts';
import type { Commands } from './commands.ts';
import type { AskStill } from './effects.ts';
import type { Feed } from './feed.ts';
import { type May, may } from './may.ts';
import type { Prefs } from './prefs.ts';
import type { Route } from './route.ts';
import type { SessionKeeper } from './session.ts';

export interface Desk {
  readonly clock: Clock;
  readonly api: Api;
  readonly feed: Feed;
  readonly session: SessionKeeper;
  readonly commands: Commands;
  readonly prefs: Prefs;
  readonly announcer: Announcer;
  readonly openSocket: (path: string) => WebSocket;
  readonly askStill: AskStill;
  readonly route: ReadonlySignal<Route>;
  readonly go: (route: Route) => void;
  /** Server time in ms, once a second. */
  readonly now: ReadonlySignal<number>;
  /** Counts every two seconds while the page is seen: when to ask for new still pictures. */
  readonly turn: ReadonlySignal<number>;
}

const Context = createContext<Desk | null>(null);
export const DeskProvider = Context.Provider;

/** @throws Error outside of a DeskProvider: a bug. */
export function useDesk(): Desk {
  const desk = useContext(Context);
  if (desk === null) throw new Error('useDesk needs a DeskProvider');
  return desk;
}

/** What the person who is logged in may do; nothing when nobody is. */
export function useMay(): May {
  const state = useDesk().session.state.value;
  return state.is === 'in' ? may(state.me.role) : { run: false, administer: false };
}
