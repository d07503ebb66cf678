/** Central, a hub and two sites on four machines of their own (network namespaces), without the demo: exactly what the README tells. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import type { MeetingView, SiteView } from '../../protocol/api.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from '../support/eventually.ts';
import { type Machine, makeLan } from '../support/netns.ts';

const node = process.execPath;
const cli = join(packageRoot(), 'dist', 'provisioning', 'cli.js');
const ports = { http: 8080, mqtt: 8883, hub: 9710 };

t.test('three kinds of machines on a LAN hold a meeting without the demo', async (t) => {
  const lan = makeLan(['central', 'hub', 'site-a', 'site-b']);
  const folder = await mkdtemp(join(tmpdir(), 'diemcau-lan-'));
  t.teardown(async () => {
    lan.remove();
    await rm(folder, { recursive: true, force: true });
  });
  const [central, hub, siteA, siteB] = ['central', 'hub', 'site-a', 'site-b'].map((name) => lan.machine(name)) as [
    Machine,
    Machine,
    Machine,
    Machine,
  ];
  const nodes: [string, string, Machine][] = [
    ['central', 'central', central],
    ['hub-1', 'hub', hub],
    ['site-a', 'edge', siteA],
    ['site-b', 'edge', siteB],
  ];
  for (const [id, role, machine] of nodes)
    execFileSync(node, [
      cli,
      'provision',
      'issue',
      '--ca',
      join(folder, 'ca'),
      '--node',
      id,
      '--role',
      role,
      '--host',
      machine.address,
      '--out',
      join(folder, id),
    ]);

  const start = async (id: string, command: string, machine: Machine, config: object): Promise<void> => {
    const file = join(folder, `${id}.json`);
    await mkdir(join(folder, `${id}-data`), { recursive: true });
    await writeFile(file, JSON.stringify({ data: join(folder, `${id}-data`), identity: { dir: join(folder, id) }, ...config }));
    const child = machine.spawn(node, [cli, command, '--config', file]);
    const errors: string[] = [];
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => errors.push(line));
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
        line.includes('"started"') ? resolve() : undefined,
      );
      child.once('exit', (code) => reject(new Error(`${id} exited with ${code}:\n${errors.slice(-20).join('\n')}`)));
    });
  };
  await start('central', 'central', central, { http: { host: '0.0.0.0', port: ports.http }, mqtt: { host: '0.0.0.0', port: ports.mqtt } });
  const token = (await readFile(join(folder, 'central-data', 'service-token'), 'utf8')).trim();
  // The API is called on central's own machine, where the token is.
  const script = `const [method, path, token] = process.argv.slice(1); let body = ''; for await (const part of process.stdin) body += part;
    const answer = await fetch('http://127.0.0.1:${ports.http}/api/v1' + path, { method, headers: { authorization: 'Bearer ' + token, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(answer.status + ' ' + await answer.text()); process.stdout.write(await answer.text());`;
  const call = <T>(method: string, path: string, body?: unknown): T => {
    const text = central.run(
      node,
      ['--input-type=module', '-e', script, '--', method, path, token],
      body === undefined ? '' : JSON.stringify(body),
    );
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  call('POST', '/hubs', { hub: 'hub-1', name: 'Trung tâm' });
  for (const site of ['site-a', 'site-b']) call('POST', '/sites', { site, name: site });
  const servers = [{ host: central.address, port: ports.mqtt }];
  await start('hub-1', 'hub', hub, {
    node: 'hub-1',
    central: servers,
    listen: { host: '0.0.0.0', port: ports.hub },
    advertise: { host: hub.address },
    recordings: { dir: join(folder, 'recordings') },
  });
  await start('site-a', 'edge', siteA, {
    node: 'site-a',
    name: 'Điểm cầu A',
    central: servers,
    source: 'pattern',
    audio: 'synthetic',
    display: 'count',
  });
  await start('site-b', 'edge', siteB, {
    node: 'site-b',
    name: 'Điểm cầu B',
    central: servers,
    source: 'pattern',
    audio: 'synthetic',
    display: 'headless',
  });

  await eventually(() => (call<{ state: string }[]>('GET', '/hubs')[0]?.state === 'online' ? undefined : 'the hub is not online'), {
    withinMs: 60_000,
    everyMs: 500,
  });
  const { id } = call<MeetingView>('POST', '/meetings', { title: 'Họp thử', sites: ['site-a', 'site-b'], hub: 'hub-1' });
  call('POST', `/meetings/${id}/start`);
  call('POST', `/meetings/${id}/floor`, { site: 'site-a' });
  await eventually(
    () => {
      const meeting = call<MeetingView>('GET', `/meetings/${id}`);
      const sites = call<SiteView[]>('GET', '/sites');
      const missing = sites
        .filter((each) => each.state !== 'online' || each.tile !== 'live')
        .map((each) => `${each.site} ${each.state} ${each.tile} ${each.because}`);
      if (missing.length > 0) return missing.join(', ');
      if (meeting.mosaic.state !== 'running') return `mosaic ${meeting.mosaic.state}`;
      return meeting.floor.switched === meeting.floor.viewers && meeting.floor.viewers > 0
        ? undefined
        : `floor reached ${meeting.floor.switched} of ${meeting.floor.viewers}`;
    },
    { withinMs: 90_000, everyMs: 500 },
  );
  t.pass('two sites on machines of their own see each other through the hub');
});
