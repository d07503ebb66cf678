/**
 * The life of a drill: opened, one fault after the other, each only while the meeting is whole, ended. A pure step from (drill, what happened)
 * to the next drill and what is to be done. service.ts does it.
 */
import type { Drill, DrillStep, Figure, Verdict } from '../../protocol/drill.ts';

export type DrillInput =
  /** The meeting runs. */
  | { readonly type: 'opened'; readonly meeting: string }
  /** Could not be opened. */
  | { readonly type: 'closed'; readonly because: string }
  /** Once a second. `trouble`: why the meeting is not whole; null: it is. */
  | { readonly type: 'look'; readonly trouble: string | null }
  /** The meeting has ended under the drill. */
  | { readonly type: 'ended'; readonly because: string }
  | { readonly type: 'answered'; readonly node: string | null; readonly outcome: 'done' | 'refused' | 'failed'; readonly because: string }
  | { readonly type: 'measured'; readonly result: Pick<DrillStep, 'figures' | 'rooms' | 'switched'> }
  | { readonly type: 'abort'; readonly because: string };

export type DrillEffect =
  /** Have the right site speak, so that what happens to it is seen. */
  | { readonly do: 'prepare'; readonly step: DrillStep }
  /** Begin to watch, then break it. */
  | { readonly do: 'inflict'; readonly step: DrillStep }
  /** Tell what the rooms saw. */
  | { readonly do: 'measure'; readonly step: DrillStep }
  | { readonly do: 'heal' }
  /** End the meeting if it is ours. */
  | { readonly do: 'finish' };

/** A drill with what is needed to go on, and nobody has to read. */
export interface Course {
  readonly drill: Drill;
  /** When the present step was begun, ms since 1970. */
  readonly since: number;
  /** Looks in a row at which the meeting was whole. */
  readonly well: number;
}

export interface CourseStep {
  readonly course: Course;
  readonly effects: readonly DrillEffect[];
}

/** So many looks in a row make it whole: one that has just come back may go again, and numbers come once a second. */
export const STEADY = 4;
/** How long a meeting may take to be whole before a fault, and after one. */
export const PATIENCE_MS = 90_000;
/** After the fault, at least: what nodes tell of it has to arrive. */
export const SETTLE_MS = 4000;
/** That an event is lost is known when it has not come for ten seconds. */
const SETTLE_EVENTS_MS = 14_000;

export const begun = (drill: Drill, at: number): Course => ({ drill, since: at, well: 0 });

/** The step that is under way, or comes next; undefined: all are over. */
export const presentStep = ({ steps }: Drill): DrillStep | undefined => steps.find(({ state }) => !over.has(state));

const over: ReadonlySet<DrillStep['state']> = new Set(['passed', 'failed', 'refused', 'skipped']);
const finished: ReadonlySet<Drill['state']> = new Set(['done', 'stopped', 'aborted']);
export const isOver = ({ state }: Drill): boolean => finished.has(state);

const still = (course: Course): CourseStep => ({ course, effects: [] });

export function reduce(course: Course, input: DrillInput, at: number): CourseStep {
  const { drill } = course;
  if (isOver(drill)) return still(course);
  switch (input.type) {
    case 'opened':
      return drill.state === 'opening'
        ? next({ ...course, drill: { ...drill, state: 'running', meeting: input.meeting } }, at)
        : still(course);
    case 'closed':
    case 'ended':
      return end(course, 'stopped', input.because, at);
    case 'abort':
      return end(course, 'aborted', input.because, at);
    case 'look':
      return look(course, input.trouble, at);
    case 'answered':
      return answered(course, input, at);
    case 'measured':
      return measured(course, input.result, at);
    default:
      return input satisfies never;
  }
}

/** Goes on with the next fault, or ends. */
function next(course: Course, at: number): CourseStep {
  const step = presentStep(course.drill);
  if (step === undefined) return end(course, 'done', 'everything was tried', at);
  const settling: DrillStep = { ...step, state: 'settling' };
  return { course: { ...change(course, step, settling), since: at, well: 0 }, effects: [{ do: 'prepare', step: settling }] };
}

function look(course: Course, trouble: string | null, at: number): CourseStep {
  const step = presentStep(course.drill);
  if (course.drill.state !== 'running' || step === undefined) return still(course);
  const well = trouble === null ? course.well + 1 : 0;
  const looked: Course = { ...course, well };
  const spent = at - course.since;
  if (step.state === 'settling') {
    if (well >= STEADY) {
      const asked: DrillStep = { ...step, state: 'asked', startedAt: at };
      return { course: { ...change(looked, step, asked), since: at, well: 0 }, effects: [{ do: 'inflict', step: asked }] };
    }
    if (spent <= PATIENCE_MS || trouble === null) return still(looked);
    const because = `the meeting did not become whole: ${trouble}`;
    return end(change(looked, step, { ...step, state: 'refused', because: because.slice(0, 300) }), 'stopped', because, at);
  }
  if (step.state !== 'running') return still(looked);
  // When it was whole again is the first of the looks that count.
  const wholeAt = well === 0 ? null : (step.wholeAt ?? at);
  const seen: DrillStep = { ...step, wholeAt };
  const watched = change(looked, step, seen);
  if (well >= STEADY && spent >= step.ms + (step.fault === 'broker' ? SETTLE_EVENTS_MS : SETTLE_MS))
    return { course: watched, effects: [{ do: 'measure', step: seen }] };
  if (spent <= step.ms + PATIENCE_MS || trouble === null) return still(watched);
  const because = `the meeting did not become whole again: ${trouble}`;
  return end(change(watched, seen, { ...seen, state: 'failed', because: because.slice(0, 300) }), 'stopped', because, at);
}

function answered(course: Course, input: Extract<DrillInput, { type: 'answered' }>, at: number): CourseStep {
  const step = presentStep(course.drill);
  if (step?.state !== 'asked') return still(course);
  const because = input.because.slice(0, 300);
  const told: DrillStep = { ...step, node: input.node, because };
  switch (input.outcome) {
    case 'done':
      return still({ ...change(course, step, { ...told, state: 'running' }), since: at, well: 0 });
    case 'refused':
      return next(change(course, step, { ...told, state: 'refused' }), at);
    case 'failed':
      // Perhaps it was done: nobody knows in what state the meeting is.
      return end(change(course, step, { ...told, state: 'failed' }), 'stopped', because, at);
    default:
      return input.outcome satisfies never;
  }
}

function measured(course: Course, result: Pick<DrillStep, 'figures' | 'rooms' | 'switched'>, at: number): CourseStep {
  const step = presentStep(course.drill);
  if (step?.state !== 'running') return still(course);
  const known = result.figures.filter(({ passed }) => passed !== null);
  // What somebody should have seen and nobody told is no success.
  const missing = result.figures.filter(
    ({ passed, of }) => passed === null && (of === 'part' || of === 'viewers' || protects(result.rooms, of)),
  );
  const good = known.length > 0 && missing.length === 0 && known.every(({ passed }) => passed === true);
  const because = missing.length > 0 || known.length === 0 ? unmeasured(missing, known.length > 0, result.rooms) : step.because;
  return next(change(course, step, { ...step, ...result, because, state: good ? 'passed' : 'failed' }), at);
}

/** Why a fault proves nothing, or not everything. */
function unmeasured(missing: readonly Figure[], some: boolean, rooms: DrillStep['rooms']): string {
  const ofFloor = missing.some(({ name }) => name === 'floorLost' || name === 'floorGapMs');
  if (ofFloor && rooms.every(({ floorGapMs }) => floorGapMs === null)) return 'nobody was seen on the floor: its figures were not measured';
  return some ? `not measured: ${missing.map(({ name }) => name).join(', ')}` : 'nothing was measured';
}

function end(course: Course, state: 'done' | 'stopped' | 'aborted', because: string, at: number): CourseStep {
  const { drill } = course;
  const under = presentStep(drill);
  const steps = drill.steps.map((step): DrillStep => (over.has(step.state) ? step : { ...step, state: 'skipped' }));
  const ended: Drill = { ...drill, state, because: because.slice(0, 300), endedAt: at, steps, verdict: verdictOf(steps) };
  const broken = under?.state === 'asked' || under?.state === 'running' || state === 'stopped';
  return { course: { ...course, drill: ended }, effects: [...(broken ? [{ do: 'heal' } as const] : []), { do: 'finish' }] };
}

const protects = (rooms: DrillStep['rooms'], of: string): boolean => rooms.some(({ protection }) => protection === of);

/** Passed when everything that was asked for was tried and passed. */
export function verdictOf(steps: readonly Pick<DrillStep, 'state'>[]): Verdict {
  if (steps.some(({ state }) => state === 'failed')) return 'failed';
  return steps.length > 0 && steps.every(({ state }) => state === 'passed') ? 'passed' : 'incomplete';
}

const change = (course: Course, from: DrillStep, to: DrillStep): Course => ({
  ...course,
  drill: { ...course.drill, steps: course.drill.steps.map((each) => (each === from ? to : each)) },
});
