/** A hub as a process of its own, which knows its plans from its disk alone: it can be killed as a machine dies. No central is there. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from './eventually.ts';
import { type HubPlace, identities } from './hub.ts';
import { desired, hubDesired } from './plan.ts';
import { tempFolder } from './temp-folder.ts';

export interface HubChild extends HubPlace {
  readonly recordings: string;
  /** Starts it with these plans as the last that it was told; resolves when it is up. */
  readonly start: (...plans: readonly Plan[]) => Promise<void>;
  /** Ends it at once; its workers end with it. */
  readonly kill: () => Promise<void>;
  readonly logs: readonly string[];
}

export async function hubChild(t: Test, node: string): Promise<HubChild> {
  const folder = tempFolder(t);
  const identity = await identities(folder);
  await identity(node, 'hub');
  const port = await freePort();
  const [data, recordings] = [join(folder, 'data'), join(folder, 'recordings')];
  mkdirSync(data);
  const config = {
    node,
    data,
    identity: { dir: join(folder, 'identity', node) },
    // Nobody is there: what it does it does by itself.
    central: [{ host: '127.0.0.1', port: 1 }],
    listen: { host: '127.0.0.1', port },
    advertise: { host: '127.0.0.1' },
    recordings: { dir: recordings, minFreeMb: 0 },
    log: { level: 'info' },
  };
  const file = join(folder, 'hub.json');
  writeFileSync(file, JSON.stringify(config));
  const root = import.meta.url.endsWith('.ts')
    ? ['--import', 'tsx', join(packageRoot(), 'central/hub/main.ts')]
    : [join(packageRoot(), 'dist/central/hub/main.js')];
  const logs: string[] = [];
  let [rev, kill] = [0, async (): Promise<void> => {}];
  t.teardown(() => kill());
  const start: HubChild['start'] = async (...plans) => {
    await kill();
    writeFileSync(join(data, 'desired.json'), JSON.stringify(desired(node, ++rev, hubDesired(plans, node))), { mode: 0o600 });
    const child = spawn(process.execPath, [...root, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    kill = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    let up = false;
    createInterface({ input: child.stdout }).on('line', () => {
      up = true;
    });
    createInterface({ input: child.stderr }).on('line', (text) => logs.push(text));
    await eventually(() => (up ? undefined : `not started: ${logs.slice(-3).join('\n')}`));
  };
  return { node, port, identity, recordings, start, kill: () => kill(), logs };
}
