/** What the parts of the meeting page share: one meeting, the network around it, and what may be done. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { MeetingView } from '../../../../protocol/api.ts';
import type { Health } from '../../../../protocol/web/health.ts';
import type { Live } from '../live.ts';
import type { Deeds } from './deeds.ts';

export interface Scene {
  readonly meeting: MeetingView;
  readonly live: Live;
  /** False: the figures are old and must not look like the present. */
  readonly fresh: boolean;
  /** Null for those who only watch. */
  readonly deeds: Deeds | null;
  readonly sending: (name: string) => boolean;
  /** Opens the details of a site. */
  readonly inspect: (site: string) => void;
}

const Context = createContext<Scene | null>(null);
export const SceneProvider = Context.Provider;

/** @throws Error outside of a SceneProvider: a bug. */
export function useScene(): Scene {
  const scene = useContext(Context);
  if (scene === null) throw new Error('useScene needs a SceneProvider');
  return scene;
}

/** True when it is known that this site is not connected. */
export const isAbsent = (scene: Pick<Scene, 'live' | 'fresh'>, site: string): boolean => healthOf(scene, site) === 'lost';

/** The health to show: unknown when the figures are old. */
export const healthOf = ({ live, fresh }: Pick<Scene, 'live' | 'fresh'>, site: string): Health =>
  fresh ? (live.health.get(site) ?? 'unknown') : 'unknown';
