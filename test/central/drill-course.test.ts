/** Drills as pure steps: from an order to the end, and what is measured. */
import t from 'tap';
import { measure, rank, type Seen } from '../../central/drill/measure.ts';
import { order } from '../../central/drill/order.ts';
import {
  begun,
  type Course,
  type DrillInput,
  isOver,
  PATIENCE_MS,
  presentStep,
  reduce,
  SETTLE_MS,
  STEADY,
  verdictOf,
} from '../../central/drill/reduce.ts';
import { linksToCut } from '../../edge/drill.ts';
import type { LogEntry } from '../../protocol/api.ts';
import type { Drill, DrillFault, DrillStep, Figure, NewDrillBody } from '../../protocol/drill.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';

const around = { id: 'd-abcdefghjk', by: 'op', at: 1000, self: 'central', known: (site: string) => /^[a-c]$/.test(site), meeting: null };

const ordered = (faults: readonly DrillFault[], change: Partial<NewDrillBody> = {}): Drill => {
  const made = order({ faults: [...faults], sites: ['a', 'b', 'c'], ...change }, around);
  if (!made.ok) throw new Error(JSON.stringify(made.fault));
  return made.value;
};

/** Feeds one thing after the other, a second apart; what was to be done is returned with the end. */
function play(
  drill: Drill,
  inputs: readonly (DrillInput | readonly [DrillInput, number])[],
): { readonly course: Course; readonly done: readonly string[] } {
  let course = begun(drill, 0);
  let at = 0;
  const done: string[] = [];
  for (const each of inputs) {
    const [input, after] = 'type' in each ? [each, 1000] : each;
    at += after;
    const step = reduce(course, input, at);
    course = step.course;
    done.push(...step.effects.map((effect) => ('step' in effect ? `${effect.do} ${effect.step.fault}` : effect.do)));
  }
  return { course, done };
}

const whole: DrillInput = { type: 'look', trouble: null };
const broken: DrillInput = { type: 'look', trouble: 'b: not connected' };
const settled = Array.from({ length: STEADY }, () => whole);
const opened: DrillInput = { type: 'opened', meeting: 'm-abcdefghjk' };
const did: DrillInput = { type: 'answered', node: 'a', outcome: 'done', because: 'gone' };
const result = (passed: boolean | null): DrillInput => ({
  type: 'measured',
  result: {
    figures: [{ name: 'outageMs', of: 'part', goal: 600, n: passed === null ? 0 : 1, p50: null, p95: null, max: null, passed }],
    rooms: [],
    switched: [],
  },
});

t.test('an order becomes a drill, or is refused with the field that is wrong', async (t) => {
  t.match(
    ordered(['worker', 'hub', 'broker'], { targets: ['b', 'a'], ms: 2000 }).steps.map(({ fault, node, ms }) => [fault, node, ms]),
    [
      ['worker', 'b', 500],
      ['worker', 'a', 500],
      ['hub', null, 500],
      ['broker', 'central', 2000],
    ],
  );
  const rows: readonly [NewDrillBody, object][] = [
    [{ faults: ['hub'] }, { path: '/sites' }],
    [{ faults: ['hub'], sites: ['a', 'x'] }, { path: '/sites/1' }],
    [{ faults: ['hub'], sites: ['a', 'b'], targets: ['c'] }, { path: '/targets/0' }],
    [{ faults: ['hub'], meeting: 'm-abcdefghjk' }, { code: 'not-found' }],
  ];
  for (const [body, fault] of rows) t.match(order(body, around), { ok: false, fault }, JSON.stringify(body));
});

t.test('the course of a drill', async (t) => {
  const rows: readonly [string, Drill, readonly (DrillInput | readonly [DrillInput, number])[], readonly string[], object][] = [
    [
      'breaks only what is whole, and measures when it is whole again',
      ordered(['worker']),
      [opened, broken, ...settled, did, broken, ...settled, result(true)],
      ['prepare worker', 'inflict worker', 'measure worker', 'finish'],
      { state: 'done', verdict: 'passed', steps: [{ state: 'passed', wholeAt: 9000, startedAt: 6000 }] },
    ],
    [
      'goes on after a fault that was refused',
      ordered(['path', 'worker']),
      [
        opened,
        ...settled,
        { type: 'answered', node: 'a', outcome: 'refused', because: 'there is no second path' },
        ...settled,
        did,
        ...settled,
        whole,
        result(true),
      ],
      ['prepare path', 'inflict path', 'prepare worker', 'inflict worker', 'measure worker', 'finish'],
      { state: 'done', verdict: 'incomplete', steps: [{ state: 'refused', because: 'there is no second path' }, { state: 'passed' }] },
    ],
    [
      'fails what misses its goal, and goes on',
      ordered(['worker', 'mosaic']),
      [opened, ...settled, did, ...settled, whole, result(false), { type: 'abort', because: 'op called it off' }],
      ['prepare worker', 'inflict worker', 'measure worker', 'prepare mosaic', 'finish'],
      { state: 'aborted', verdict: 'failed', steps: [{ state: 'failed' }, { state: 'skipped' }] },
    ],
    [
      'stops when the meeting does not become whole again, and heals',
      ordered(['hub', 'worker']),
      [opened, ...settled, did, broken, [broken, PATIENCE_MS + 1000]],
      ['prepare hub', 'inflict hub', 'heal', 'finish'],
      {
        state: 'stopped',
        verdict: 'failed',
        because: /did not become whole again: b: not connected/,
        steps: [{ state: 'failed' }, { state: 'skipped' }],
      },
    ],
    [
      'breaks nothing in a meeting that is not whole',
      ordered(['hub']),
      [opened, broken, [broken, PATIENCE_MS + 1000]],
      ['prepare hub', 'heal', 'finish'],
      { state: 'stopped', verdict: 'incomplete', steps: [{ state: 'refused' }] },
    ],
    [
      'heals when it is called off under a fault',
      ordered(['path']),
      [opened, ...settled, did, { type: 'abort', because: 'op called it off' }, result(true)],
      ['prepare path', 'inflict path', 'heal', 'finish'],
      { state: 'aborted', because: 'op called it off', steps: [{ state: 'skipped' }] },
    ],
    [
      'ends when its meeting ends',
      ordered(['path']),
      [opened, { type: 'ended', because: 'over' }],
      ['prepare path', 'heal', 'finish'],
      { state: 'stopped' },
    ],
    [
      'ends when it cannot be opened',
      ordered(['path']),
      [{ type: 'closed', because: 'no hub' }],
      ['heal', 'finish'],
      { state: 'stopped', because: 'no hub' },
    ],
    [
      'takes nothing measured for a failure',
      ordered(['worker']),
      [opened, ...settled, did, ...settled, whole, result(null)],
      ['prepare worker', 'inflict worker', 'measure worker', 'finish'],
      { state: 'done', verdict: 'failed', steps: [{ because: 'nothing was measured' }] },
    ],
  ];
  for (const [name, drill, inputs, done, like] of rows) {
    const { course, done: was } = play(drill, inputs);
    t.strictSame(was, done, name);
    t.match(course.drill, like, name);
    t.equal(isOver(course.drill), true, name);
    t.equal(presentStep(course.drill), undefined, name);
  }
  t.equal(verdictOf([]), 'incomplete');
  t.ok(SETTLE_MS > 2000, 'numbers of the last second come a second later');
});

const sample = (change: Partial<EdgeTelemetry['floor']> = {}, lost = 0): EdgeTelemetry =>
  ({
    role: 'edge',
    floor: { site: 'a', grantN: 1, frames: 25, lostFrames: 0, maxGapMs: 41, ageMs: 90, ...change },
    mosaic: { frames: 15, lostFrames: 0, maxGapMs: 70 },
    mix: { packets: 50, lost },
  }) as EdgeTelemetry;
const said = (node: string, kind: string, what: string, facts: LogEntry['facts'], at = 0): LogEntry => ({
  id: 1,
  at,
  node,
  kind,
  what,
  severity: 'info',
  because: 'so',
  meeting: null,
  facts,
});

t.test('figures are taken from what rooms and parts told, and nothing else', async (t) => {
  const step = (fault: DrillFault, node = 'a'): DrillStep => ({ ...(ordered([fault]).steps[0] as DrillStep), node, state: 'running' });
  const seen: Seen = {
    speaker: 'a',
    packetMs: 20,
    viewers: [
      { site: 'a', protection: 'hot', samples: [sample()] },
      { site: 'b', protection: 'hot', samples: [sample({ maxGapMs: 90 }), sample({ maxGapMs: 130, lostFrames: 2 }, 3)] },
      { site: 'c', protection: 'warm', samples: [sample({ maxGapMs: 700 })] },
      { site: 'd', protection: 'warm', samples: [] },
    ],
    events: [
      said('a', 'drill', 'inflicted', { fault: 'path', ms: 500 }, 1000),
      said('a', 'source', 'backup', { gapMs: 180, badMs: 180 }),
      said('b', 'source', 'backup', { gapMs: 9999 }),
      said('a', 'process', 'returned', { outageMs: 420 }),
      said('b', 'hub', 'taken-over', { stream: 'mosaic', gapMs: 310 }),
      said('b', 'hub', 'taken-over', { stream: 'mix', gapMs: 150 }),
      said('a', 'link', 'connected', { peer: 'hub-1' }, 2100),
      said('a', 'recording', 'segment', {}, 1340),
      said('central', 'health', 'events-lost', { node: 'b', lost: 3 }),
    ],
  };
  const rows: readonly [DrillFault, readonly (readonly [string, string, number, number | null, boolean | null])[]][] = [
    ['camera', [['sourceGapMs', 'part', 1, 180, true]]],
    [
      'worker',
      [
        ['outageMs', 'part', 1, 420, true],
        ['floorGapMs', 'viewers', 2, 700, false],
      ],
    ],
    [
      'path',
      [
        ['floorLost', 'viewers', 3, 2, false],
        ['floorGapMs', 'viewers', 3, 700, false],
      ],
    ],
    ['onlyPath', [['backMs', 'part', 1, 600, true]]],
    [
      'recorder',
      [
        ['floorLost', 'viewers', 3, 2, false],
        ['recordGapMs', 'part', 1, 340, true],
      ],
    ],
    [
      'hub',
      [
        ['floorLost', 'hot', 2, 2, false],
        ['floorGapMs', 'hot', 2, 130, false],
        ['audioGapMs', 'hot', 2, 150, true],
        ['mosaicGapMs', 'hot', 2, 310, true],
        ['floorGapMs', 'warm', 1, 700, true],
      ],
    ],
    [
      'broker',
      [
        ['floorLost', 'viewers', 3, 2, false],
        ['eventsLost', 'part', 1, 3, false],
      ],
    ],
  ];
  for (const [fault, wanted] of rows)
    t.strictSame(
      measure({ ...step(fault), ms: 500 }, seen).figures.map(({ name, of, n, max, passed }) => [name, of, n, max, passed]),
      wanted,
      fault,
    );
  t.match(measure(step('camera', 'c'), seen).figures, [{ n: 0, max: null, passed: null }], 'what nobody measured is neither good nor bad');
  // Nobody told of the gap in the sound of the hot rooms, and nothing of a box.
  const opened = (fault: DrillFault): Course => {
    const drill = ordered([fault]);
    return { ...begun({ ...drill, state: 'running', steps: [step(fault)] }, 0) };
  };
  const judged = (fault: DrillFault, figures: readonly Partial<Figure>[]) => {
    const whole = figures.map((each) => ({ n: 1, goal: 1, p50: 1, p95: 1, max: 1, ...each }) as Figure);
    const rooms = measure(step(fault), seen).rooms;
    const { course } = reduce(opened(fault), { type: 'measured', result: { figures: whole, rooms, switched: [] } }, 1);
    return course.drill.steps[0];
  };
  t.match(judged('hub', [{ name: 'floorLost', of: 'hot', passed: true }]), { state: 'passed' });
  t.match(
    judged('hub', [
      { name: 'floorLost', of: 'hot', passed: true },
      { name: 'audioGapMs', of: 'hot', passed: null },
    ]),
    {
      state: 'failed',
      because: 'not measured: audioGapMs',
    },
  );
  t.match(
    judged('worker', [
      { name: 'outageMs', of: 'part', passed: null },
      { name: 'floorGapMs', of: 'viewers', passed: true },
    ]),
    {
      state: 'failed',
    },
  );
  t.match(
    measure(step('hub'), seen).rooms.find(({ site }) => site === 'd'),
    { samples: 0, floorGapMs: null },
  );
  t.strictSame([rank([], 0.5), rank([1, 2, 3, 4], 0.5), rank([1, 2, 3, 4], 0.95)], [null, 2, 4]);
});

t.test('nothing passes that no room could have shown', async (t) => {
  const course = (fault: DrillFault): Course => {
    const drill = ordered([fault]);
    const step: DrillStep = { ...(drill.steps[0] as DrillStep), node: 'a', state: 'running' };
    return begun({ ...drill, state: 'running', steps: [step] }, 0);
  };
  const judged = (fault: DrillFault, samples: readonly EdgeTelemetry[], speaker: string | null, events: readonly LogEntry[] = []) => {
    const opened = course(fault);
    const step = presentStep(opened.drill) as DrillStep;
    const viewers = ['a', 'b'].map((site) => ({ site, protection: 'hot' as const, samples }));
    const result = measure(step, { speaker, packetMs: 20, viewers, events });
    return reduce(opened, { type: 'measured', result }, 1).course.drill.steps[0];
  };
  const idle = { site: null, frames: 0, maxGapMs: 0, ageMs: null };
  const unseen = { state: 'failed', because: 'nobody was seen on the floor: its figures were not measured' };
  t.match(judged('path', [sample(idle)], null), {
    ...unseen,
    figures: [
      { n: 0, passed: null },
      { n: 0, passed: null },
    ],
  });
  t.match(judged('path', [sample({ frames: 0, maxGapMs: 0, ageMs: null })], 'a'), unseen, 'somebody had the floor, and nobody saw him');
  t.match(judged('path', [sample({ frames: 0, maxGapMs: 5000, ageMs: null })], 'a'), { state: 'failed' }, 'a picture that stands');
  t.match(judged('mosaic', [sample(idle)], null), { ...unseen, figures: [{ passed: null }, { name: 'mosaicGapMs', passed: true }] });
  const deaf = { ...sample(), mosaic: { frames: 0, lostFrames: 0, maxGapMs: 0 }, mix: { packets: 0, lost: 0 } } as EdgeTelemetry;
  t.match(judged('mosaic', [deaf], 'a'), { state: 'failed', because: 'not measured: mosaicGapMs' });
  t.match(judged('mixer', [deaf], 'a'), { state: 'failed', because: 'not measured: audioGapMs' });
  t.match(judged('path', [sample(idle), sample()], 'a'), { state: 'passed', figures: [{ max: 0 }, { max: 41 }] });
  const back = [said('a', 'process', 'returned', { outageMs: 420 })];
  t.match(judged('worker', [sample(idle)], null, back), unseen);
  t.match(
    judged('worker', [sample({ site: 'b' })], 'b', back),
    { state: 'passed', figures: [{ name: 'outageMs' }] },
    'the floor is not asked about who does not speak',
  );
});

t.test('a path is cut only where another reaches every hub', async (t) => {
  const link = (path: string | null, hub: string, live = true) => ({ link: `${path}-${hub}`, path, hub, live });
  const two = [link('wan1', 'h'), link('wan1', 'k'), link('wan2', 'h'), link('wan2', 'k')];
  t.strictSame(linksToCut(two, 'path'), ['wan1-h', 'wan1-k']);
  t.strictSame(linksToCut(two, 'onlyPath'), ['wan1-h', 'wan1-k', 'wan2-h', 'wan2-k']);
  t.match(linksToCut([link(null, 'h'), link(null, 'k')], 'path'), /there is no second path/);
  t.match(linksToCut([link('wan1', 'h'), link('wan2', 'h', false)], 'path'), /the other path wan2 to h is not connected/);
  t.match(linksToCut([link('wan1', 'h', false)], 'onlyPath'), /nothing to cut/);
});
