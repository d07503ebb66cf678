/** Grants between hubs and boxes over real TLS: who may write, who is told, and what a restart knows. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Grant, nextGrant, noGrant } from '../../protocol/grant.ts';
import { eventually } from '../support/eventually.ts';
import { box, confirmed, hub, knows, meeting, net } from '../support/floors.ts';

t.test('what the panel writes reaches every hub and every box, over whichever hub', async (t) => {
  const around = await net(t);
  const [one, two] = [await hub(t, around, 'hub-1'), await hub(t, around, 'hub-2')];
  for (const each of [one, two]) each.floors.plan([around.plan]);
  // The chair reaches the first hub only, another site the second only.
  const chair = await box(t, around, 'site-1', ['hub-1']);
  const site = await box(t, around, 'site-2', ['hub-2']);
  await confirmed(chair, ['hub-1']);
  t.match(await chair.floor.rule({ type: 'give', site: 'site-3' }), {
    ok: true,
    value: { changed: true, grant: { epoch: 2, n: 1, by: 'site-1' } },
  });
  await Promise.all([one.floors, two.floors, site.floor].map((each) => knows(each, { epoch: 2, by: 'site-1', slots: ['site-3'] })));
  await confirmed(chair, ['hub-1']);
  t.match(one.notes, [{ kind: 'floor', what: 'ruled-by', facts: { by: 'site-1' } }], 'said once');
  t.match(await chair.floor.rule({ type: 'mute', site: 'site-2', muted: true }), { value: { grant: { epoch: 2, n: 2 } } });
  await knows(site.floor, { n: 2, muted: ['site-2'] });
  t.match(await chair.floor.rule({ type: 'mute', site: 'site-2', muted: true }), { value: { changed: false } });

  // Central takes over: the plan with its grant goes to the hubs.
  const known = chair.floor.grant;
  if (known === null) throw new Error('no grant');
  const central = nextGrant(known, 'central', { slots: ['site-2'], previous: 'site-3' });
  one.floors.plan([{ ...around.plan, grant: central }]);
  await Promise.all([two.floors, site.floor, chair.floor].map((each) => knows(each, { epoch: 3, by: 'central', slots: ['site-2'] })));
  t.match(await chair.floor.rule({ type: 'back' }), { value: { grant: { epoch: 4, slots: ['site-3'], muted: ['site-2'] } } });
  await knows(two.floors, { epoch: 4 });
  t.match(await chair.floor.rule({ type: 'end' }), { value: { grant: { ended: true } } });
  await knows(site.floor, { ended: true, slots: [] });
  t.match(await chair.floor.rule({ type: 'give', site: 'site-2' }), { ok: false, fault: { code: 'conflict' } });
});

t.test('only the chair may write, and only in its own name', async (t) => {
  const around = await net(t);
  const one = await hub(t, around, 'hub-1');
  one.floors.plan([around.plan]);
  const forged = (by: string): Grant => ({ ...noGrant(9), by, slots: ['site-2'], chair: 'site-1' });
  const other = await box(t, around, 'site-2', ['hub-1']);
  const chair = await box(t, around, 'site-1', ['hub-1']);
  await Promise.all([confirmed(other, ['hub-1']), confirmed(chair, ['hub-1'])]);
  t.match(await other.floor.rule({ type: 'give', site: 'site-2' }), { ok: false, fault: { code: 'auth.forbidden' } });
  for (const by of ['site-2', 'site-1', 'central']) other.controls.send({ type: 'grant', meeting, grant: forged(by) });
  for (const by of ['site-2', 'central']) chair.controls.send({ type: 'grant', meeting, grant: forged(by) });
  // The hub reads in order: when this has arrived, the others have been judged.
  await chair.floor.rule({ type: 'give', site: 'site-3' });
  await knows(one.floors, { slots: ['site-3'], by: 'site-1', epoch: 2 });
  other.controls.send({ type: 'grant', meeting, grant: forged('site-1') });
  chair.controls.send({ type: 'grant', meeting, grant: { ...forged('site-1'), chair: 'site-2' } });
  await chair.floor.rule({ type: 'take' });
  await knows(other.floor, { slots: [], epoch: 2 });
  t.match(one.floors.of(meeting), { epoch: 2, slots: [] });
  const stranger = await box(t, { ...around, plan: { ...around.plan, grant: { ...around.plan.grant, chair: 'site-9' } } }, 'site-9', [
    'hub-1',
  ]);
  t.match(await stranger.floor.rule({ type: 'take' }), { ok: false, fault: { code: 'unreachable' } }, 'a hub does not answer a stranger');
});

t.test('a hub and a box that come back know what they knew, also when their plan is older', async (t) => {
  const around = await net(t);
  const path = join(around.folder, 'hub-1.json');
  const one = await hub(t, around, 'hub-1');
  one.floors.plan([around.plan]);
  const chair = await box(t, around, 'site-1', ['hub-1']);
  await confirmed(chair, ['hub-1']);
  await chair.floor.rule({ type: 'give', site: 'site-2' });
  await confirmed(chair, ['hub-1']);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.match(JSON.parse(readFileSync(path, 'utf8')), [{ meeting, grant: { epoch: 2, slots: ['site-2'] } }], 'confirmed means on disk');
  await one.stop();
  await eventually(() => (chair.controls.open.length === 0 ? undefined : `open to ${chair.controls.open}`));
  t.match(
    await chair.floor.rule({ type: 'take' }),
    { ok: false, fault: { code: 'unreachable' } },
    'what is written for nobody would overrule, when the way is back, what was decided meanwhile',
  );
  await chair.stop();

  const again = await hub(t, around, 'hub-1');
  again.floors.plan([around.plan]);
  t.match(again.floors.of(meeting), { epoch: 2, slots: ['site-2'] });
  const late = await box(t, around, 'site-3', ['hub-1']);
  await knows(late.floor, { epoch: 2, slots: ['site-2'] });
  const back = await box(t, around, 'site-1', []);
  t.match(back.floor.plan?.grant, { epoch: 2, slots: ['site-2'] });
  t.match(await back.floor.rule({ type: 'take' }), { ok: false, fault: { code: 'unreachable' } }, 'a panel without any hub does not write');
  await again.stop();

  writeFileSync(path, '[{"meeting":');
  const damaged = await hub(t, around, 'hub-1');
  damaged.floors.plan([around.plan]);
  t.match(damaged.floors.of(meeting), { epoch: 1 });
  await knows(late.floor, { epoch: 2 });
  back.controls.apply(around.plan.hubs.slice(0, 1).map(({ hub: name, host, port }) => ({ hub: name, path: null, host, port })));
  await knows(damaged.floors, { epoch: 2, slots: ['site-2'] });
  damaged.floors.plan([]);
  t.equal(damaged.floors.of(meeting), null, 'a meeting that is no longer wanted is forgotten');
});

t.test('what cannot be written to disk is acted on but never confirmed', async (t) => {
  const around = await net(t);
  writeFileSync(join(around.folder, 'file'), '');
  const one = await hub(t, around, 'hub-1', { path: join(around.folder, 'file', 'grants.json') });
  one.floors.plan([around.plan]);
  const two = await hub(t, around, 'hub-2');
  two.floors.plan([around.plan]);
  const chair = await box(t, around, 'site-1', ['hub-1', 'hub-2']);
  await confirmed(chair, ['hub-2']);
  t.match(await chair.floor.rule({ type: 'give', site: 'site-2' }), { ok: true });
  await knows(one.floors, { slots: ['site-2'] });
  await confirmed(chair, ['hub-2']);
  t.match(
    one.notes.map(({ what }) => what),
    ['damaged', 'disk', 'ruled-by'],
  );
});

t.test('what the disk of the chair refuses never was, neither here nor later', async (t) => {
  const around = await net(t);
  const [one, two] = [await hub(t, around, 'hub-1'), await hub(t, around, 'hub-2')];
  for (const each of [one, two]) each.floors.plan([around.plan]);
  const data = join(around.folder, 'data');
  const path = join(data, 'grants.json');
  const chair = await box(t, around, 'site-1', ['hub-1', 'hub-2'], { path });
  const site = await box(t, around, 'site-2', ['hub-1', 'hub-2']);
  await confirmed(chair, ['hub-1', 'hub-2']);
  await confirmed(site, ['hub-1', 'hub-2']);
  const first = chair.floor.grant;
  if (first === null) throw new Error('no grant');
  const calls = (): number => two.heard.filter((from) => from === 'site-1').length;
  const before = calls();
  const refuse = (): void => {
    renameSync(data, `${data}.away`);
    writeFileSync(data, '');
  };
  const allow = (): void => {
    rmSync(data);
    renameSync(`${data}.away`, data);
  };

  refuse();
  for (const _ of ['pressed', 'pressed again']) {
    t.match(await chair.floor.rule({ type: 'give', site: 'site-3' }), { ok: false, fault: { code: 'unreachable', what: path } });
    t.strictSame(chair.floor.grant, first, 'the box of the chair does not act on it either');
  }
  t.strictSame(chair.floor.confirmed, ['hub-1', 'hub-2']);
  t.equal(chair.troubles.length, 1, 'said once');

  // Central goes on in the epoch that the refused command would have ended.
  const central = nextGrant(first, 'central', { slots: ['site-2'] });
  one.floors.plan([{ ...around.plan, grant: central }]);
  await Promise.all([chair.floor, site.floor, two.floors].map((each) => knows(each, { epoch: 1, by: 'central', slots: ['site-2'] })));

  allow();
  const kept = (): unknown => JSON.parse(readFileSync(path, 'utf8'));
  await eventually(() => (chair.troubles.at(-1) === null ? undefined : `${chair.troubles}`));
  t.match(kept(), [{ meeting, grant: central }]);
  t.equal(calls(), before, 'nothing was said to a hub');
  // A channel that opens is told what the box has.
  await two.stop();
  const again = await hub(t, around, 'hub-2', { path: join(around.folder, 'empty.json') });
  again.floors.plan([around.plan]);
  await eventually(() => (again.heard.includes('site-1') ? undefined : `heard ${again.heard}`));
  await knows(again.floors, { epoch: 1, by: 'central', slots: ['site-2'] });
  t.strictSame(one.floors.of(meeting), central);

  t.match(await chair.floor.rule({ type: 'mute', site: 'site-2', muted: true }), { value: { grant: { epoch: 2, by: 'site-1' } } });
  await Promise.all([one.floors, again.floors, site.floor].map((each) => knows(each, { epoch: 2, slots: ['site-2'], muted: ['site-2'] })));
});

t.test('a box that called before the hub knew the plan is told as soon as it does', async (t) => {
  const around = await net(t);
  const before = await hub(t, around, 'hub-1');
  before.floors.plan([around.plan]);
  await knows(before.floors, { epoch: 1 });
  await eventually(() => (before.floors.list().length === 1 ? undefined : 'not on disk'));
  await before.stop();

  const one = await hub(t, around, 'hub-1');
  const called = (box: string): Promise<void> => eventually(() => (one.heard.includes(box) ? undefined : `called by ${one.heard}`));
  const chair = await box(t, around, 'site-1', ['hub-1']);
  const late = await box(t, around, 'site-3', ['hub-1']);
  await Promise.all([called('site-1'), called('site-3')]);
  t.match(await chair.floor.rule({ type: 'give', site: 'site-2' }), { ok: false, fault: { code: 'unreachable' } });
  one.floors.plan([{ ...around.plan, sites: around.plan.sites.filter(({ site }) => site !== 'site-3') }]);
  await confirmed(chair, ['hub-1']);
  t.match(await chair.floor.rule({ type: 'give', site: 'site-2' }), { ok: true });
  await confirmed(chair, ['hub-1']);
  t.strictSame(late.floor.confirmed, [], 'who takes no part hears nothing');
  one.floors.plan([around.plan]);
  await knows(late.floor, { epoch: 2, slots: ['site-2'] });
});
