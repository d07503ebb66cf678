/** The reconcile loop as a story of a lamp and a fan: wishes, failures, overtaking, waiting, drift. */
import t, { type Test } from 'tap';
import { FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type Executors, type Layer, Reconcile, type ReconcileOptions, type Report } from '../../protocol/node/reconcile.ts';
import { eventually } from '../support/eventually.ts';

interface Room {
  lamp: boolean;
  fan: number;
}
type Step = { readonly do: 'switch'; readonly on: boolean } | { readonly do: 'spin'; readonly speed: number };

function plan(want: Room, is: Room & { readonly power?: boolean }): Layer<Step> {
  if (is.power === false) return [{ do: 'wait', because: 'no power yet' }];
  const steps: Step[] = [];
  if (want.lamp !== is.lamp) steps.push({ do: 'switch', on: want.lamp });
  if (want.fan !== is.fan) steps.push({ do: 'spin', speed: want.fan });
  return steps;
}

function house(t: Test, more: Partial<ReconcileOptions<Room, Room & { power?: boolean }, Step>> = {}) {
  const room: Room & { power?: boolean } = { lamp: false, fan: 0 };
  const did: string[] = [];
  const reports: Report[] = [];
  const executors: Executors<Step> = {
    switch: async ({ on }) => {
      did.push(`switch ${on}`);
      room.lamp = on;
    },
    spin: async ({ speed }) => {
      did.push(`spin ${speed}`);
      room.fan = speed;
    },
  };
  const loop = new Reconcile<Room, Room & { power?: boolean }, Step>({
    clock: systemClock(),
    log: silentLog(),
    random: () => 0.5,
    observe: () => ({ ...room }),
    plan,
    executors,
    report: (report) => reports.push(report),
    backoffMs: { first: 5, max: 40 },
    ...more,
  });
  t.teardown(() => loop.stop());
  return { loop, room, did, reports, executors };
}

const settled = (loop: { readonly current: Report }, revision: number) => () =>
  loop.current.satisfied && loop.current.revision === revision ? undefined : JSON.stringify(loop.current);

t.test('a wish is carried out once; equal revisions do nothing, older ones are refused', async (t) => {
  const { loop, did, reports } = house(t);
  loop.start();
  t.match(loop.current, { revision: null, satisfied: false });
  t.strictSame(loop.desire(5, { lamp: true, fan: 2 }), { ok: true, value: true });
  await eventually(settled(loop, 5));
  t.strictSame(did, ['switch true', 'spin 2']);
  t.strictSame(loop.desire(5, { lamp: false, fan: 0 }), { ok: true, value: false });
  t.match(loop.desire(4, { lamp: false, fan: 0 }), { ok: false, fault: { code: 'stale', have: 5, got: 4 } });
  t.equal(loop.revision, 5);
  loop.desire(6, { lamp: true, fan: 3 });
  await eventually(settled(loop, 6));
  t.strictSame(did, ['switch true', 'spin 2', 'spin 3'], 'only the difference is done');
  t.strictSame(reports, [
    { revision: 5, satisfied: false, because: 'switch, spin' },
    { revision: 5, satisfied: true, because: '' },
    { revision: 6, satisfied: false, because: 'spin' },
    { revision: 6, satisfied: true, because: '' },
  ]);
});

t.test('a failing step is tried again with back-off, and the report says why', async (t) => {
  let failures = 4;
  const base = house(t);
  const { loop, reports, did } = house(t, {
    executors: {
      ...base.executors,
      spin: async () => {
        did.push('try');
        if (failures-- > 0) throw new FaultError({ code: 'unreachable', what: 'fan', because: 'cable' });
        base.room.fan = 1;
      },
    },
    observe: () => ({ ...base.room }),
  });
  loop.start();
  loop.desire(1, { lamp: false, fan: 1 });
  await eventually(settled(loop, 1));
  t.equal(did.length, 5);
  t.ok(reports.some(({ because }) => because === 'unreachable: what=fan because=cable'));
});

t.test('a bug in an executor does not end the loop', async (t) => {
  let first = true;
  const base = house(t);
  const { loop } = house(t, {
    executors: base.executors,
    observe: () => {
      if (!first) return { ...base.room };
      first = false;
      throw new TypeError('x is not a function');
    },
  });
  loop.desire(1, { lamp: true, fan: 0 });
  loop.start();
  await eventually(settled(loop, 1));
});

t.test('waiting is reported with its reason; a poke looks again at once', async (t) => {
  const { loop, room, did } = house(t, { lookEveryMs: 3_600_000 });
  room.power = false;
  loop.start();
  loop.desire(1, { lamp: true, fan: 0 });
  await eventually(() => (loop.current.because === 'no power yet' ? undefined : loop.current.because));
  t.strictSame(did, []);
  room.power = true;
  loop.poke();
  await eventually(settled(loop, 1));
});

t.test('drift is noticed without anybody saying so', async (t) => {
  const { loop, room, did } = house(t, { lookEveryMs: 10 });
  loop.start();
  loop.desire(1, { lamp: true, fan: 0 });
  await eventually(settled(loop, 1));
  room.lamp = false;
  await eventually(() => (did.length === 2 ? undefined : 'the lamp stays dark'));
});

t.test('a newer wish ends the old one in the middle of a step', async (t) => {
  const base = house(t);
  let aborted = false;
  const { loop } = house(t, {
    executors: {
      ...base.executors,
      spin: ({ speed }, signal) =>
        new Promise((resolve, reject) => {
          if (speed === 1) {
            base.room.fan = 1;
            return resolve();
          }
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new FaultError({ code: 'conflict', what: 'spin', reason: 'aborted' }));
          });
        }),
    },
    observe: () => ({ ...base.room }),
  });
  loop.start();
  loop.desire(1, { lamp: false, fan: 9 });
  await eventually(() => (loop.current.because === 'spin' ? undefined : 'not spinning'));
  loop.desire(2, { lamp: false, fan: 1 });
  await eventually(settled(loop, 2));
  t.ok(aborted);
});

t.test('a group runs at the same time, and all of it ends before the next look', async (t) => {
  const base = house(t);
  let inside = 0;
  let most = 0;
  const slowly = async (change: Partial<Room>): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    Object.assign(base.room, change);
    inside -= 1;
  };
  const { loop } = house(t, {
    executors: {
      switch: ({ on }) => slowly({ lamp: on }),
      spin: ({ speed }) => slowly({ fan: speed }),
    },
    plan: (want, is) => {
      if (inside > 0) throw new Error('looked in the middle of a group');
      const steps = plan(want, is) as readonly Step[];
      return steps.length === 0 ? [] : [steps];
    },
    observe: () => ({ ...base.room }),
  });
  loop.start();
  loop.desire(1, { lamp: true, fan: 1 });
  await eventually(settled(loop, 1));
  t.equal(most, 2);
});

t.test('steps that change nothing do not spin the processor', async (t) => {
  let tries = 0;
  const { loop } = house(t, {
    executors: {
      switch: async () => {
        tries += 1;
      },
      spin: async () => {},
    },
    backoffMs: { first: 60_000, max: 60_000 },
  });
  loop.start();
  loop.desire(1, { lamp: true, fan: 0 });
  await eventually(() => (loop.current.because === 'switch changes nothing' ? undefined : loop.current.because));
  t.equal(tries, 4);
  loop.poke();
  await eventually(() => (tries === 5 ? undefined : 'it was not tried again'));
  await Promise.all([loop.stop(), loop.stop()]);
  loop.poke();
  t.equal(tries, 5, 'after stop nothing happens');
});
