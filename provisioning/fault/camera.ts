/** Faults of the simulated cameras of the first site. */
import { type Demo, firstSite, type Kind, type Kinds, Refused } from './kind.ts';
import { tell } from './orders.ts';
import { killAll } from './tree.ts';

const look =
  "the first room's tile and Điểm cầu → the room: which source is on the air and why; the log: since when, and for how long there was nothing";

function lacks({ state }: Demo, site: string): string {
  if (state.cameras[site] !== undefined) return `the camera of ${site} is dead already; it comes back within seconds`;
  if (site === firstSite) return `the camera of ${site} was chosen with DIEMCAU_CAMERA: it is no process of this demo`;
  return `${site} has no camera of its own${state.cameras[firstSite] === undefined ? '' : `; ${firstSite} has one`}`;
}

/** The process that is the camera. @throws Refused */
function camera(demo: Demo, site: string, which: 'cameras' | 'backups'): { readonly name: string; readonly pid: number } {
  const name = demo.state[which][site];
  const pid = name === undefined ? undefined : demo.state.pids[name];
  if (name === undefined || pid === undefined) throw new Refused(`nothing to kill: ${lacks(demo, site)}`);
  return { name, pid };
}

const killed = (which: 'cameras' | 'backups', about: string): Kind => ({
  takes: '[SITE]',
  about: `kills ${about}; it comes back after five seconds`,
  async run(demo, [site = firstSite]) {
    const { pid } = camera(demo, site, which);
    killAll([pid]);
    return { did: `killed ${about} (${site}): ${pid}`, look };
  },
});

const told = (what: 'freeze' | 'black' | 'live', about: string): Kind => ({
  takes: '[SITE]',
  about,
  async run(demo, [site = firstSite]) {
    const { name } = camera(demo, site, 'cameras');
    const answer = await tell(demo.state.orders[name] ?? 0, what);
    return { did: `${about} (${site}): it answers ${answer}`, look };
  },
});

export const cameras: Kinds = {
  camera: killed('cameras', 'the camera of a site'),
  'camera-b': killed('backups', 'the camera of a site that stands by'),
  'camera-freeze': told('freeze', 'the camera of a site repeats one picture, until camera-live'),
  'camera-black': told('black', 'the camera of a site sends black, until camera-live'),
  'camera-live': told('live', 'the camera of a site is well again'),
};
