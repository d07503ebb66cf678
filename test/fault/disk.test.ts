/** The disk of the recordings hangs, as one over a network does whose server is away: no call to it returns, and each holds a thread meanwhile. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Reach } from '../../central/hub/record/disk.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { type HubRig, hubRig } from '../support/hub.ts';
import { manifestOf, segments } from '../support/recorded.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.setTimeout(180_000);
const recording = 'r-abcdefgh';

interface HangingDisk {
  readonly reach: Reach;
  /** Calls that wait for it, and the most that ever did. */
  readonly calls: { now: number; most: number };
  readonly hang: () => void;
  readonly answer: () => void;
}

/** Whoever opens a pipe to which nobody writes waits in the system, as for a server that is away. */
function hangingDisk(t: Test): HangingDisk {
  const pipe = join(tempFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const calls = { now: 0, most: 0 };
  let hangs = false;
  const reach: Reach = async (call) => {
    if (hangs) {
      calls.now += 1;
      calls.most = Math.max(calls.most, calls.now);
      await (await open(pipe, 'r')).close();
      calls.now -= 1;
    }
    return call();
  };
  const writers: number[] = [];
  const answer = (): void => {
    hangs = false;
    writers.push(openSync(pipe, 'r+'));
  };
  t.teardown(() => writers.forEach(closeSync));
  return { reach, calls, hang: () => (hangs = true), answer };
}

interface DiskRig extends HubRig {
  /** A plan that names a recording. */
  readonly recorded: Plan;
  /** Another meeting with its floor at this number. */
  readonly other: (n: number) => Plan;
  /** Its floor is on the hub's own disk. */
  readonly kept: (n: number) => Promise<void>;
  /** Its floor is in force. */
  readonly inForce: (n: number) => Promise<void>;
  readonly silent: () => Promise<void>;
}

/** A hub that reaches its recordings over this disk. */
async function diskRig(t: Test, disk: HangingDisk): Promise<DiskRig> {
  const dir = join(tempFolder(t), 'recordings');
  const rig = await hubRig(t, { recordings: { dir, minFreeBytes: 0, maxBytes: 1e12, reach: disk.reach } });
  t.teardown(disk.answer);
  const { hub, notes } = rig;
  const recorded = { ...rig.plan({ sites: 2 }), recording: { id: recording, because: 'biên bản', by: 'chair' } };
  const other = (n: number) => rig.plan({ meeting: 'm-zzzzzzzz', sites: 2, onAir: ['site-1'], n });
  const kept = (n: number): Promise<void> =>
    eventually(() => (hub.grants().some(({ meeting, grant }) => meeting === 'm-zzzzzzzz' && grant.n === n) ? undefined : 'not on disk'));
  const inForce = (n: number): Promise<void> =>
    eventually(() => (hub.meeting('m-zzzzzzzz')?.plan.grant.n === n ? undefined : hub.report.because));
  const silent = (): Promise<void> =>
    eventually(
      async () => {
        // As every second: each asks how large the recording is.
        await hub.telemetry(0);
        return notes.some(({ what }) => what === 'disk-silent') ? undefined : `${disk.calls.now} calls wait`;
      },
      { everyMs: 200, withinMs: 90_000 },
    );
  return { ...rig, recorded, other, kept, inForce, silent };
}

t.test('a disk that hangs costs the recordings, and nothing else', async (t) => {
  const disk = hangingDisk(t);
  const rig = await diskRig(t, disk);
  const { hub, notes, recorded, other, kept, inForce, silent } = rig;
  await rig.desire(recorded, other(1));
  await segments(rig, recording, 1);

  disk.hang();
  await t.test('it is told, and the recording says why it stands still', async (t) => {
    await silent();
    t.match(
      notes.filter(({ kind }) => kind === 'health'),
      [{ kind: 'health', severity: 'error', what: 'disk-silent', because: 'the disk of the recordings does not answer' }],
    );
    const { meetings } = await hub.telemetry(0);
    t.match(meetings[0]?.recording, { state: 'failed', because: /does not answer/ });
    t.equal(meetings[0]?.mosaic.state, 'running');
    t.ok(disk.calls.now > 0 && disk.calls.most <= 2, `${disk.calls.most} calls waited at the same time`);
  });

  await t.test('floors go on: they are in force, and on their own disk', async () => {
    rig.want(recorded, other(2));
    await Promise.all([inForce(2), kept(2)]);
  });

  await t.test('a meeting that cannot close its recording ends, and no other waits for it', async (t) => {
    rig.want(other(3));
    await Promise.all([inForce(3), kept(3)]);
    t.strictSame(hub.meetings, ['m-zzzzzzzz']);
    t.equal((await manifestOf(rig, recording))?.endedAt, null, 'the recording is open');
    rig.want(recorded, other(4));
    await inForce(4);
    await eventually(() => (hub.meeting(recorded.meeting)?.mosaic.part().state === 'running' ? undefined : hub.report.because));
  });

  await t.test('when it answers again, all is written in its order, and the recording goes on', async (t) => {
    disk.answer();
    await segments(rig, recording, 2);
    await eventually(() => (notes.some(({ what }) => what === 'disk-answers') ? undefined : 'not told'));
    const manifest = await manifestOf(rig, recording);
    t.equal(manifest?.endedAt, null);
    await rig.desire(other(4));
    await eventually(async () => ((await manifestOf(rig, recording))?.endedAt ? undefined : 'not ended'));
  });
});

t.test('a hub that starts while the disk hangs serves, and records when it answers', async (t) => {
  const disk = hangingDisk(t);
  disk.hang();
  const rig = await diskRig(t, disk);
  const { hub, notes, recorded, other, kept, inForce, silent } = rig;
  rig.want(recorded, other(1));
  await Promise.all([inForce(1), kept(1)]);
  await eventually(() => (hub.meeting(recorded.meeting)?.mosaic.part().state === 'running' ? undefined : hub.report.because));
  await silent();
  const { meetings } = await hub.telemetry(0);
  t.match(meetings.find(({ meeting }) => meeting === recorded.meeting)?.recording, { state: 'failed', because: /does not answer/ });
  t.ok(disk.calls.now > 0 && disk.calls.most <= 2, `${disk.calls.most} calls waited at the same time`);
  disk.answer();
  await segments(rig, recording, 1);
  t.ok(
    notes.some(({ what }) => what === 'disk-answers'),
    'and it is told',
  );
});
