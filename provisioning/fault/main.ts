/** `diemcau fault NAME [SITE]`: breaks one part of a running demo, really (kill -9), so that anyone can watch what the page says. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { packageRoot } from '../../protocol/node/root.ts';
import { hubId } from '../demo/configs.ts';
import { province } from '../demo/province.ts';
import { type DemoState, runningDemo } from '../demo/state.ts';

/** Child processes of `pid` with their command lines. */
function children(pid: number): readonly { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== pid) return [];
      return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

interface Kind {
  readonly about: string;
  /** The processes to kill. */
  victims(demo: DemoState, site: string): readonly number[];
  /** Why there is nothing to kill, where it can be told; else it is taken to be not running. */
  lacks?(demo: DemoState, site: string): string | null;
}

const of = (demo: DemoState, name: string): number[] => (demo.pids[name] === undefined ? [] : [demo.pids[name]]);
const natives = (demo: DemoState, name: string, program: string): number[] =>
  of(demo, name).flatMap((pid) =>
    children(pid)
      .filter((each) => each.command.includes(program))
      .map((each) => each.pid),
  );

const firstSite = province(1)[0]?.site ?? '';

function lacksCamera(demo: DemoState, site: string): string | null {
  if (demo.cameras[site] !== undefined) return `the camera of ${site} is dead already; it comes back within seconds`;
  if (site === firstSite) return `the camera of ${site} was chosen with DIEMCAU_CAMERA: it is no process of this demo`;
  return `${site} has no camera of its own${demo.cameras[firstSite] === undefined ? '' : `; ${firstSite} has one`}`;
}

const kinds: Readonly<Record<string, Kind>> = {
  camera: {
    about: 'the camera of a site',
    victims: (demo, site) => of(demo, demo.cameras[site] ?? ''),
    lacks: lacksCamera,
  },
  worker: { about: 'the media workers of a site box', victims: (demo, site) => natives(demo, site, 'native/worker') },
  relay: { about: 'the packet relay of a site box', victims: (demo, site) => natives(demo, site, 'native/relay') },
  edge: { about: 'the whole agent of a site box', victims: (demo, site) => of(demo, site) },
  'hub-workers': {
    about: 'everything on the hub that decodes: mosaic, audio, recorder, preview',
    victims: (demo) => natives(demo, hubId, 'native/worker'),
  },
  'hub-relay': { about: 'the packet relay of the hub', victims: (demo) => natives(demo, hubId, 'native/relay') },
  hub: { about: 'the hub', victims: (demo) => of(demo, hubId) },
  central: { about: 'the orchestrator with its broker', victims: (demo) => of(demo, 'central') },
};

const [name = '', site = firstSite] = process.argv.slice(2);
const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
if (kind === undefined) {
  console.error(
    `usage: diemcau fault NAME [SITE]\n${Object.entries(kinds)
      .map(([each, { about }]) => `  ${each.padEnd(12)} kills ${about}`)
      .join('\n')}`,
  );
  process.exit(64);
}
const data = resolve(process.env['DIEMCAU_DATA'] ?? resolve(packageRoot(), 'data', 'demo'));
const demo = runningDemo(data);
if (demo === undefined) {
  console.error(`diemcau fault: no demo runs on ${data}`);
  process.exit(1);
}
const victims = kind.victims(demo, site);
if (victims.length === 0) {
  console.error(`diemcau fault: nothing to kill: ${kind.lacks?.(demo, site) ?? `${name} of ${site} is not running`}`);
  process.exit(1);
}
for (const pid of victims) process.kill(pid, 'SIGKILL');
console.log(`killed ${kind.about}${name.startsWith('hub') || name === 'central' ? '' : ` (${site})`}: ${victims.join(', ')}`);
