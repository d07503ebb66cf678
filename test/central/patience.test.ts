/** Wishes that something waits for go out at once, the others a moment later, and never an old one. */
import { join } from 'node:path';
import t from 'tap';
import { place } from '../../central/cascade/plan.ts';
import { patientSites } from '../../central/meetings/desired.ts';
import type { Want } from '../../central/sites/contract.ts';
import { DesiredStates } from '../../central/sites/desired.ts';
import { Store } from '../../central/store/store.ts';
import { type Grant, noGrant } from '../../protocol/grant.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { usualFormats } from '../support/formats.ts';
import { tempFolder } from '../support/temp-folder.ts';

const sites = ['a', 'b', 'c', 'd', 'e'];
function plan(grant: Partial<Grant>, muted: readonly string[] = []): Plan {
  const placed = place(
    {
      meeting: 'm-abcdef1234',
      title: 'Giao ban',
      language: 'vi',
      hub: null,
      sites: sites.map((site) => ({ site, name: site, protection: 'warm' as const, paths: null })),
      grant: { ...noGrant(1), muted: [...muted], ...grant },
      layout: { mosaic: 'grid', page: 0 },
      recording: null,
    },
    {
      hubs: [{ hub: 'hub-1', online: true, address: { host: '10.0.0.1', port: 9710, paths: [] }, busy: 0 }],
      taken: new Set(),
      formats: usualFormats,
      latencyMs: 40,
      before: null,
    },
  );
  if (!placed.ok) throw new Error(placed.fault.code);
  return placed.value.plan;
}

t.test('only sites whose own part changes are waited for', async (t) => {
  const speaks = plan({ n: 1, slots: ['a'], next: 'b' });
  const table: [string, Plan | null, Plan | null, string[]][] = [
    ['a meeting begins: all at once', null, speaks, []],
    ['a meeting ends: all at once', speaks, null, []],
    [
      'the prepared one gets the floor, the speaker stays to be looked at',
      speaks,
      plan({ n: 2, slots: ['b'], previous: 'a' }),
      ['c', 'd', 'e'],
    ],
    ['one is prepared', speaks, plan({ n: 2, slots: ['a'], next: 'c' }), ['a', 'd', 'e']],
    ['one is muted', speaks, plan({ n: 1, slots: ['a'], next: 'b' }, ['d']), ['a', 'b', 'c', 'e']],
    ['the meeting is another', speaks, { ...speaks, meeting: 'm-zzzzzzzzzz' }, []],
  ];
  for (const [name, before, after, want] of table) t.strictSame([...patientSites(before, after)], want, name);
});

t.test('patient wishes follow the others, the newest only, and all of them before the end', async (t) => {
  const published: string[] = [];
  const downlink = {
    publish: async (node: string, _kind: string, body: object) => {
      published.push(`${node}@${(body as { rev: number }).rev}`);
    },
    clear: async () => {},
  };
  const store = new Store({
    file: join(tempFolder(t), 'central.db'),
    log: silentLog(),
    now: () => systemClock().now(),
    onLost: (error) => t.fail(error.message),
  });
  await store.start();
  t.teardown(() => store.stop());
  const desires = new DesiredStates({ store, downlink, clock: systemClock(), log: silentLog() });
  await desires.start();
  const want = (name: string): Want => ({ role: 'edge', name, plan: null, keys: [], panel: null, devices: [], scene: null });
  const all = (name: string, patient: boolean) =>
    ['x', 'y', 'z'].map((node) => ({ node, want: want(name), patient: patient && node !== 'z' }));
  await desires.want(all('first', true));
  t.strictSame(published, ['z@1'], 'the one that something waits for');
  await desires.want(all('second', true));
  await eventually(() => (published.length === 4 ? undefined : `published ${published.join()}`));
  t.strictSame(published, ['z@1', 'z@2', 'x@2', 'y@2'], 'nobody gets the first wish after the second');
  await desires.want(all('third', true));
  await desires.stop();
  t.strictSame(published.slice(4).toSorted(), ['x@3', 'y@3', 'z@3']);
});
