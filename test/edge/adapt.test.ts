/** What is given up when a way is narrow, over simulated time: how fast, in which order, and how seldom it is tried again in vain. */
import t from 'tap';
import { notThin, paceOf, type Thin, thinSample, thinStep } from '../../central/hub/forward/thin.ts';
import { levels, narrowBecause } from '../../edge/media/adapt/levels.ts';
import { uplinkWanted } from '../../edge/media/streams.ts';
import { notWatched, queuesOf, type Watching, watchQueues } from '../../hardware/relay/narrow.ts';
import type { QueueStats, RelayQueues } from '../../hardware/relay/stats.ts';
import { climb, type Ladder, newsOf, nothingTold, topOfLadder } from '../../protocol/ladder.ts';
import { plan as makePlan } from '../support/plan.ts';

const LOOK = 300;
const shape = uplinkWanted(makePlan(), 'site-1')!.shape;
const needs = levels(shape, true, false).map(({ needKbps }) => needKbps);

/** A way whose queue grows while more is sent than it takes. */
interface Way {
  queueMs: number;
  acked: number;
  dropped: number;
  crowded: boolean;
}
const freshWay = (): Way => ({ queueMs: 0, acked: 0, dropped: 0, crowded: false });

function pass(way: Way, sentKbps: number, takesKbps: number): void {
  const sent = way.crowded ? 80 : sentKbps;
  const through = Math.min(takesKbps, sent + (way.queueMs * takesKbps) / LOOK);
  way.acked += Math.round((through * LOOK) / 8);
  way.queueMs = Math.max(0, way.queueMs + ((sent - takesKbps) * LOOK) / takesKbps);
  if (way.crowded) way.dropped += 10;
  way.crowded = way.crowded ? way.queueMs > 70 : way.queueMs > 200;
  way.queueMs = Math.min(way.queueMs, 300);
}

const stat = (link: string, way: Way, state: QueueStats['state'] = 'up'): QueueStats => ({
  link,
  streamId: `pub/site-1/${link}`,
  state,
  crowded: way.crowded,
  queueMs: way.queueMs,
  unackedMs: 20,
  bytesAcked: way.acked,
  videoDropped: way.dropped,
  audioDropped: 0,
  mediaOut: 0,
});

interface Course {
  readonly levels: readonly { readonly at: number; readonly level: number }[];
  readonly told: readonly { readonly at: number; readonly what: string }[];
  /** When the level was first 0 for good. */
  readonly end: Ladder;
}

/** Ways that take so much at a time, over `seconds`. */
function course(seconds: number, ways: readonly ((second: number) => number)[]): Course {
  const states = ways.map(freshWay);
  let watching: Watching = notWatched;
  let ladder: Ladder = topOfLadder;
  let told = nothingTold;
  const seen: { at: number; level: number }[] = [];
  const news: { at: number; what: string }[] = [];
  for (let at = 0; at < seconds * 1000; at += LOOK) {
    states.forEach((way, index) => {
      pass(way, needs[ladder.level]!, ways[index]!(at / 1000));
    });
    const queues: RelayQueues = { at, connections: states.map((way, index) => stat(`up-${index}`, way)) };
    watching = watchQueues(
      watching,
      queuesOf(queues, () => true),
    );
    const next = climb(ladder, { narrow: watching.found.narrow, needs, fitsKbps: watching.found.kbps }, at);
    if (next.level !== ladder.level) seen.push({ at: at / 1000, level: next.level });
    ladder = next;
    const step = newsOf(told, ladder, at);
    told = step.told;
    if (step.what !== null) news.push({ at: at / 1000, what: step.what });
  }
  return { levels: seen, told: news, end: ladder };
}

t.test('the quality of main goes first, then the pictures of the tile, never the voice', async (t) => {
  const all = levels(shape, true, false);
  t.strictSame(
    all.map(({ limits }) => [limits.mainKbps, limits.tileFps]),
    [
      [1500, 0],
      [900, 0],
      [500, 0],
      [250, 0],
      [250, 7],
      [250, 3],
    ],
  );
  t.strictSame(
    [...needs],
    [...needs].sort((a, b) => b - a),
    'each needs less than the one before',
  );
  t.ok(needs.at(-1)! < 400, `${needs.at(-1)} kbit/s at the least`);
  t.equal(all[0]?.paceKbps, null, 'with everything sent nothing is held to a pace');
  t.ok(all.slice(1).every(({ paceKbps, needKbps }) => paceKbps !== null && paceKbps > 0 && paceKbps < needKbps * 1.2));
  t.equal(levels(shape, true, true).length, 1, 'a clip cannot be made smaller');
  const quiet = levels(shape, false, false).map(({ needKbps }) => needKbps);
  t.equal(quiet[3], quiet[0], 'without main its quality saves nothing');
  t.match(narrowBecause(412, all[5]!, true), /^the way out is narrow \(about 0\.41 Mbit\/s\): main at 250 kbit\/s, tile at 3 pictures\/s$/);
});

t.test('down at once, to what comes through', async (t) => {
  const narrow = course(10, [() => 400]);
  t.ok(narrow.levels[0]!.at < 2, `first change at ${narrow.levels[0]?.at} s`);
  const at4 = narrow.levels.findIndex(({ level }) => needs[level]! <= 400);
  t.ok(at4 >= 0 && narrow.levels[at4]!.at < 4, `fits at ${narrow.levels[at4]?.at} s`);
  t.equal(narrow.told[0]?.what, 'narrowed');
});

t.test('a bottleneck that stays is tried seldom, one that goes is left within a minute', async (t) => {
  for (const kbps of [3000, 1000, 700, 400, 350]) {
    const stays = course(600, [() => kbps]);
    const late = stays.levels.filter(({ at }) => at > 120);
    // A try and its end, every 40 s at the most.
    t.ok(late.length <= (2 * 480) / 38, `${kbps} kbit/s: ${late.length} changes in 480 s`);
    t.ok(stays.told.length <= 40, `${stays.told.length} events`);
    const goes = course(240, [(second) => (second < 120 ? kbps : 4000)]);
    const last = goes.levels.filter(({ at }) => at >= 120).at(-1)?.at ?? 120;
    t.equal(goes.end.level, 0, `${kbps} kbit/s is left behind`);
    t.ok(last - 120 <= 62, `${kbps} kbit/s: everything again after ${(last - 120).toFixed(1)} s`);
    if (goes.told.length > 0) t.equal(goes.told.at(-1)?.what, 'widened');
  }
});

t.test('4, 1 and 0.4 Mbit/s one after the other, and back', async (t) => {
  const { levels: seen, end } = course(180, [(second) => (second < 10 ? 4000 : second < 40 ? 1000 : second < 70 ? 400 : 4000)]);
  const at = (second: number): number => seen.filter((each) => each.at <= second).at(-1)?.level ?? 0;
  t.equal(at(10), 0);
  t.ok(needs[at(39)]! <= 1000, `level ${at(39)} at 1 Mbit/s`);
  t.ok(needs[at(69)]! <= 400 || at(69) >= 4, `level ${at(69)} at 0.4 Mbit/s`);
  t.equal(end.level, 0);
});

t.test('a narrow second way does not spoil the picture; both together do', async (t) => {
  t.strictSame(course(60, [() => 4000, () => 400]).levels, []);
  t.strictSame(course(60, [() => 400, () => 4000]).levels, []);
  t.ok(course(60, [() => 1000, () => 400]).levels.length > 0);
});

t.test('what cannot be judged is not judged', async (t) => {
  const way = { ...freshWay(), crowded: true, queueMs: 250 };
  const more = (times: number) => ({ ...way, acked: way.acked + 10_000 * times });
  const look = (at: number, connections: readonly QueueStats[]) => queuesOf({ at, connections: [...connections] }, () => true);
  const found = (...looks: ReturnType<typeof look>[]) => looks.reduce(watchQueues, notWatched).found;
  t.equal(found(look(0, [stat('a', way)])).narrow, null, 'the first look');
  const [first, second] = [look(0, [stat('a', way)]), look(300, [stat('a', more(1))])];
  t.equal(found(first, second).narrow, true);
  t.equal(found(first, look(9000, [stat('a', more(1))])).narrow, null, 'this process was starved');
  const cut = look(600, [stat('a', more(1))]);
  t.equal(found(first, second, cut).narrow, null, 'nothing comes through: it is cut, and not narrow');
  t.equal(found(first, second, cut, look(900, [stat('a', more(2))])).narrow, null, 'it is back: what has piled up drains');
  const draining = [900, 1200, 1500].map((at, n) => look(at, [stat('a', more(2 + n))]));
  t.equal(found(first, second, cut, ...draining, look(1800, [stat('a', more(5))])).narrow, true, 'and is narrow if that lasts');
  const unsure = look(300, [{ ...stat('a', more(1)), unackedMs: 200 }]);
  t.equal(found(first, unsure).narrow, null, 'it may have been cut a moment ago');
  const silent = look(600, [stat('a', more(1), 'silent')]);
  t.equal(found(first, second, silent, look(900, [stat('a', more(2))])).narrow, null, 'so it is after a silence');
  t.equal(
    found(look(0, [stat('a', way, 'silent')]), look(300, [stat('a', way, 'silent')])).narrow,
    null,
    'a way that is gone is not narrow',
  );
  t.equal(found(look(0, []), look(300, [])).narrow, null);
  const held = climb({ ...topOfLadder, level: 2, since: 0 }, { narrow: null, needs, fitsKbps: null }, 60_000);
  t.equal(held.level, 2, 'nothing is tried meanwhile');
});

t.test('a thin viewer goes without the mosaic, then sees the small picture of the speaker, and the mix always', async (t) => {
  const base = makePlan();
  const hub = base.hubs[0]!;
  const speaker = base.sites[0]!.site;
  const viewer = base.sites[1]!.site;
  const plan = { ...base, grant: { ...base.grant, slots: [speaker] } };
  const run = (kbps: number, seconds: number): Thin => {
    const way = freshWay();
    let thin = notThin;
    for (let at = 0; at < seconds * 1000; at += LOOK) {
      const level = thin.ladder.level;
      pass(way, [3300, 1700, 260][level]!, kbps);
      const { link: _, ...peer } = { ...stat('', way), peer: viewer, streamId: `sub/${viewer}` };
      thin = thinStep(thin, plan, hub, viewer, { at, connections: [peer] }).thin;
    }
    return thin;
  };
  t.strictSame(thinSample(run(8000, 20)), { level: 0, because: '' });
  t.match(thinSample(run(2300, 5)), { level: 1, because: /the way in is narrow \(about .* Mbit\/s\): no mosaic/ });
  const small = run(400, 5);
  t.match(thinSample(small), { level: 2, because: /small picture of the speaker/ });
  t.ok(paceOf(small, plan, hub, viewer)! < 300);
  t.equal(paceOf(notThin, plan, hub, viewer), null);
});
