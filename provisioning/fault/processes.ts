/** Faults that kill processes. */
import { join } from 'node:path';
import { hubs } from '../demo/hubs.ts';
import { type Demo, firstSite, type Kind, type Kinds, Refused, type Told } from './kind.ts';
import { children, holds, killAll, tree } from './tree.ts';

/** Of a process of the demo: itself, its programs of one name, or everything that hangs on it. */
type Part = 'itself' | 'everything' | 'native/worker' | 'native/relay';

function victims({ state }: Demo, name: string, part: Part): readonly number[] {
  const pid = state.pids[name];
  if (pid === undefined) return [];
  switch (part) {
    case 'itself':
      return [pid];
    case 'everything':
      return tree(pid);
    default:
      return children(pid)
        .filter(({ command }) => command.includes(part))
        .map((each) => each.pid);
  }
}

/** @param name of the process; null: a site, which the first argument names. */
const kill = (name: string | null, part: Part, about: string, look: string): Kind => ({
  takes: name === null ? '[SITE]' : '',
  about: `kills ${about}`,
  async run(demo, [site = firstSite]): Promise<Told> {
    const whose = name ?? site;
    const pids = victims(demo, whose, part);
    if (pids.length === 0) throw new Refused(`nothing to kill: ${whose} is not running, or has no such part`);
    killAll(pids);
    return { did: `killed ${about}${name === null ? ` (${site})` : ''}: ${pids.join(', ')}`, look };
  },
});

const [first, second] = hubs;
const tile = "the site's tile, and the log: what died and when it came back";
const hot =
  'the floor goes on at the hot sites; the log tells who was taken over by the other hub, for how long nothing came, and when it returned';

/** The program of a hub that writes a recording: it has a file of it open. */
const recorder: Kind = {
  takes: '',
  about: 'kills the program of the hub that writes the recording',
  async run(demo) {
    const folder = join(demo.data, first.hub, 'recordings');
    const pids = victims(demo, first.hub, 'native/worker').filter((pid) => holds(pid, folder));
    if (pids.length === 0) throw new Refused('nothing to kill: nothing is being recorded; press Ghi hình in the page first');
    killAll(pids);
    return {
      did: `killed the recorder of ${first.hub}: ${pids.join(', ')}`,
      look: 'the recording goes on in a new file after a second; the log tells',
    };
  },
};

export const processes: Kinds = {
  worker: kill(null, 'native/worker', 'the media workers of a site box', tile),
  relay: kill(null, 'native/relay', 'the packet relay of a site box', tile),
  edge: kill(null, 'itself', 'the agent of a site box; what hangs on it ends with it', tile),
  box: kill(null, 'everything', 'everything on a site box at once, as a power cut does', tile),
  hub: kill(first.hub, 'itself', 'the first hub', hot),
  'hub-power': kill(first.hub, 'everything', 'everything on the first hub at once, as a power cut does', hot),
  'hub-2': kill(second.hub, 'itself', 'the hub that stands by', hot),
  'hub-2-power': kill(second.hub, 'everything', 'everything on the hub that stands by at once', hot),
  'hub-workers': kill(
    first.hub,
    'native/worker',
    'everything on the first hub that decodes: mosaic, audio, recorder, preview',
    'the floor goes on; mosaic and sound come from the other hub until they are back',
  ),
  'hub-relay': kill(first.hub, 'native/relay', 'the packet relay of the first hub', hot),
  recorder,
  central: kill(
    'central',
    'itself',
    'the orchestrator with its broker',
    'the page says that it is not connected, the meeting goes on; afterwards the log has what happened meanwhile',
  ),
};
