/** A data folder has one owner: real processes, at the same time, one after the other, and after kill -9. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { identities } from '../support/hub.ts';
import { type Root, rootArgs, startRoot, up } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Holder {
  readonly child: ChildProcess;
  readonly said: Promise<{ readonly held?: boolean; readonly reason?: string }>;
}

/** A process that takes `folder` and keeps it until its stdin ends. */
function holder(t: Test, folder: string): Holder {
  const flags = rootArgs('protocol/node/hold.ts');
  const fixture = join(packageRoot(), 'test/fixtures/holder.mjs');
  const program = pathToFileURL(flags.at(-1) ?? '').href;
  const child = spawn(process.execPath, [...flags.slice(0, -1), fixture, program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, said: once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(line as string)) };
}

t.test('of several that start at the same moment one gets the folder, and the others name it', async (t) => {
  const folder = join(tempFolder(t), 'deep', 'data');
  const all = Array.from({ length: 4 }, () => holder(t, folder));
  const said = await Promise.all(all.map(async (each) => ({ ...each, said: await each.said })));
  const [owner, ...more] = said.filter((each) => each.said.held === true);
  t.ok(owner);
  t.strictSame(more, []);
  for (const { said: loser } of said.filter((each) => each !== owner))
    t.match(loser, { code: 'config.invalid', key: 'data', reason: /deep\/data is already in use by pid (\d+|\(unknown\))$/ });
  t.equal((await holder(t, folder).said).reason?.endsWith(`pid ${owner?.child.pid}`), true);
  t.equal(statSync(folder).mode & 0o777, 0o700);
});

t.test('the folder is free again when its owner lets go, and when it was killed', async (t) => {
  const folder = tempFolder(t);
  for (const end of [(child: ChildProcess) => child.stdin?.end(), (child: ChildProcess) => child.kill('SIGKILL')]) {
    const { child, said } = holder(t, folder);
    t.match(await said, { held: true });
    const ended = once(child, 'exit');
    end(child);
    await ended;
  }
  t.match(await holder(t, folder).said, { held: true });
  t.strictSame(readdirSync(folder).sort(), ['lock', 'pid']);
});

t.test('a folder that cannot be used is a fault that says why', async (t) => {
  const folder = tempFolder(t, { file: 'x' });
  t.match(await holder(t, join(folder, 'file', 'below')).said, { code: 'config.invalid', reason: /ENOTDIR/ });
  writeFileSync(join(folder, 'lock'), 'this was never a lock of ours');
  chmodSync(join(folder, 'lock'), 0o600);
  t.match(await holder(t, folder).said, { code: 'config.invalid', reason: /not a database/ });
});

t.test('a second process on the data of a first ends with 78 before it opens anything; one after kill -9 starts', async (t) => {
  const folder = tempFolder(t);
  const identity = await identities(folder);
  const common = { central: [{ host: '127.0.0.1', port: await freePort() }], log: { level: 'warn' } };
  const roots: readonly (readonly [Root, string, 'edge' | 'hub' | 'central', object])[] = [
    ['edge/main.ts', 'site-1', 'edge', { ...common, node: 'site-1', source: 'pattern', audio: 'silence', display: 'count' }],
    [
      'central/hub/main.ts',
      'hub-1',
      'hub',
      { ...common, node: 'hub-1', listen: { host: '127.0.0.1', port: 0 }, advertise: { host: '127.0.0.1' } },
    ],
    ['central/main.ts', 'central', 'central', { http: { port: 0 }, mqtt: { host: '127.0.0.1', port: 0 } }],
  ];
  const story = async ([root, node, role, more]: (typeof roots)[number]): Promise<void> => {
    await identity(node, role);
    const data = join(folder, 'data', node);
    const recordings = role === 'hub' ? { recordings: { dir: join(folder, 'recordings'), minFreeMb: 0 } } : {};
    const start = () => startRoot(t, root, { ...more, ...recordings, data, identity: { dir: join(folder, 'identity', node) } }, folder);
    const first = start();
    await up(first);
    const second = start();
    t.equal(await second.ended, 78, root);
    t.match(second.logs.join('\n'), `key=data reason=${data} is already in use by pid ${first.child.pid}`);
    t.equal(second.started(), null);
    t.equal(first.child.exitCode, null, 'the first one goes on');
    first.child.kill('SIGKILL');
    await first.ended;
    const third = start();
    await up(third);
    t.equal(await third.stop(), 0, root);
  };
  await Promise.all(roots.map(story));
});
