/** Grants on a disk that refuses: what others wrote is in force at once, what we write is on disk before anybody acts on it, or never was. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Grant, nextGrant, noGrant } from '../../protocol/grant.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { Grants } from '../../protocol/node/grants.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { tempFolder } from '../support/temp-folder.ts';

const meeting = 'm-abcdefgh';
const first: Grant = { ...noGrant(1), chair: 'site-1' };
const ours = nextGrant(first, 'site-1', { slots: ['site-2'] });
/** Central hands on the chair without knowing of ours: above it. */
const above: Grant = { ...nextGrant(first, 'central', {}), epoch: 2, chair: 'site-2' };
/** Central goes on in its epoch: below ours. */
const below = nextGrant(first, 'central', { slots: ['site-3'] });

interface Kept {
  readonly grants: Grants;
  readonly folder: string;
  /** What was to be acted on, in this order. */
  readonly raised: Grant[];
  readonly onDisk: () => unknown;
}

/** The first grant is on disk. */
async function keep(t: Test): Promise<Kept> {
  const folder = join(tempFolder(t), 'data');
  mkdirSync(folder);
  const path = join(folder, 'grants.json');
  const grants = new Grants({ path, clock: systemClock(), log: silentLog(), tell: () => {} });
  t.teardown(() => grants.stop());
  await grants.start();
  grants.see(meeting, first);
  t.match(await grants.settled(), { ok: true });
  const raised: Grant[] = [];
  grants.on('raised', (_, grant) => raised.push(grant));
  return { grants, folder, raised, onDisk: () => JSON.parse(readFileSync(path, 'utf8')) };
}

t.test('what we write is on disk before it is in force', async (t) => {
  const { grants, raised, onDisk } = await keep(t);
  const written = grants.write(meeting, ours);
  t.strictSame(grants.of(meeting), first);
  grants.on('raised', () => t.strictSame(onDisk(), [{ meeting, grant: ours }]));
  t.match(await written, { ok: true });
  t.strictSame([grants.of(meeting), grants.onDisk(meeting), raised], [ours, ours, [ours]]);
});

t.test('who is answered may write again at once', async (t) => {
  const { grants, onDisk } = await keep(t);
  let last = first;
  for (let n = 1; n <= 20; n += 1) {
    last = nextGrant(last, 'site-1', {});
    t.match(await grants.write(meeting, last), { ok: true });
  }
  t.strictSame(onDisk(), [{ meeting, grant: last }]);
});

t.test('a higher one that is seen while ours is written stays in force, a lower one does not', async (t) => {
  for (const [seen, stands] of [
    [above, above],
    [below, ours],
  ] as const) {
    const { grants, raised, onDisk } = await keep(t);
    const written = grants.write(meeting, ours);
    grants.see(meeting, seen);
    t.strictSame(grants.of(meeting), seen, 'in force at once');
    t.match(await written, { ok: true });
    t.match(await grants.settled(), { ok: true });
    t.strictSame([grants.of(meeting), grants.onDisk(meeting), onDisk()], [stands, stands, [{ meeting, grant: stands }]]);
    t.strictSame(raised, stands === ours ? [seen, ours] : [seen], 'never back to a lower one');
  }
});

t.test('one that was overtaken before the disk was free is not written at all', async (t) => {
  const { grants, raised } = await keep(t);
  const kept: Grant[] = [];
  grants.on('kept', (_, grant) => kept.push(grant));
  grants.see(meeting, below);
  const written = grants.write(meeting, nextGrant(below, 'site-1', {}));
  grants.see(meeting, above);
  t.match(await written, { ok: false, fault: { code: 'conflict' } });
  t.match(await grants.settled(), { ok: true });
  t.strictSame(
    [kept, raised],
    [
      [below, above],
      [below, above],
    ],
  );
});

t.test('a meeting that is forgotten while ours is written stays forgotten', async (t) => {
  const { grants, raised, onDisk } = await keep(t);
  const written = grants.write(meeting, ours);
  grants.only([]);
  await written;
  t.match(await grants.settled(), { ok: true });
  t.strictSame([grants.of(meeting), grants.list(), onDisk(), raised], [null, [], [], []]);
});

t.test('what was refused after it had taken its place in the folder is put back', async (t) => {
  // Nothing is refused to root.
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  t.teardown(() => {
    if (root) process.seteuid?.(0);
  });
  const { grants, folder, raised, onDisk } = await keep(t);
  t.teardown(() => chmodSync(folder, 0o700));
  // Files can be made and renamed, but the folder cannot be opened to be synced.
  chmodSync(folder, 0o300);
  t.match(await grants.write(meeting, ours), { ok: false, fault: { code: 'unreachable', because: /EACCES/ } });
  t.strictSame([grants.of(meeting), grants.onDisk(meeting), onDisk()], [first, first, [{ meeting, grant: first }]]);
  chmodSync(folder, 0o700);
  t.match(await grants.write(meeting, ours), { ok: true });
  t.strictSame(raised, [ours]);
});
