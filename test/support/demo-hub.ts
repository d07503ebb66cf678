/** A hub of the demo is killed with all that is its own, and what its sites tell of the other one. */
import type { LogEntry } from '../../protocol/api.ts';
import { hotSites } from '../../provisioning/demo/hubs.ts';
import type { Demo } from './demo.ts';
import { named } from './processes.ts';

export interface KilledHub {
  readonly hub: string;
  /** Wall clock, ms. */
  readonly at: number;
  /** The newest entry of central's log before. */
  readonly entry: number;
}

/** Sites of the running meeting by protection. */
export async function protectedSites(demo: Demo): Promise<{ readonly hot: readonly string[]; readonly warm: readonly string[] }> {
  const sites = (await demo.meeting()).sites.map(({ site }) => site);
  return { hot: sites.slice(0, hotSites), warm: sites.slice(hotSites) };
}

/** kill -9 of the first hub: the process, its relay and its workers, as a power cut does it. The demo starts it again. */
export async function killHub(demo: Demo): Promise<KilledHub> {
  const [hub, pid] = Object.entries(await demo.pids()).find(([name]) => name.startsWith('hub')) ?? [];
  if (hub === undefined || pid === undefined) throw new Error('the hub does not run');
  const natives = [...named(pid, 'worker'), ...named(pid, 'relay')];
  const entry = (await demo.call<LogEntry[]>('GET', '/log?limit=1'))[0]?.id ?? 0;
  process.kill(pid, 'SIGKILL');
  for (const each of natives) {
    try {
      process.kill(each, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // its stdin closed: it went by itself
    }
  }
  return { hub, at: Date.now(), entry };
}

/** What these sites told of their hubs since `entry`, the oldest first. */
export async function toldOfHubs(demo: Demo, sites: readonly string[], entry: number): Promise<readonly LogEntry[]> {
  const log = await demo.call<LogEntry[]>('GET', '/log?limit=1000');
  return log.filter(({ id, node, kind }) => id > entry && kind === 'hub' && sites.includes(node)).toSorted((a, b) => a.id - b.id);
}

/** How long each of these sites was without a packet of its mosaic or mix, ms, before the second hub's came; the first time counts. */
export function gaps(told: readonly LogEntry[], stream: 'mosaic' | 'mix'): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { node, what, facts } of told)
    if (what === 'taken-over' && facts['stream'] === stream && !found.has(node)) found.set(node, Number(facts['gapMs']));
  return found;
}

/** Frames of the floor that each of these has lost so far. */
export const lostAt = async (demo: Demo, sites: readonly string[]): Promise<Record<string, number | null>> =>
  Object.fromEntries((await demo.sites()).flatMap(({ site, lostFrames }) => (sites.includes(site) ? [[site, lostFrames]] : [])));

/** Why not every site is there, seen and composed; undefined: all are. */
export async function notWhole(demo: Demo): Promise<string | undefined> {
  const [now, sites] = [await demo.meeting(), await demo.sites()];
  const away = sites.filter((each) => each.state !== 'online' || each.tile !== 'live');
  return now.mosaic.state === 'running' && away.length === 0
    ? undefined
    : `mosaic ${now.mosaic.state}, away: ${away.map((each) => `${each.site} ${each.because}`).join(', ')}`;
}
