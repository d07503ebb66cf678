/** What is asked of a media worker while it starts, or while nobody knows yet that it has died: it is so when the pipeline plays. */
import t from 'tap';
import { scene } from '../../edge/media/display/scene.ts';
import { screen, settings } from '../../edge/media/display/screen.ts';
import { MediaPart } from '../../edge/media/part.ts';
import { uplinkWanted } from '../../edge/media/streams.ts';
import { Uplink } from '../../edge/media/uplink.ts';
import { LEVEL_EXTENSION_ID } from '../../hardware/gstreamer/parts/rtp.ts';
import { FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { deferred } from '../../protocol/node/deferred.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { incarnate } from '../../protocol/ssrc.ts';
import { eventually } from '../support/eventually.ts';
import { plan as makePlan, type PlanOptions } from '../support/plan.ts';
import { beginsIdr, listener, parseRtp, timestampSteps } from '../support/rtp-wire.ts';
import { x264 } from '../support/worker.ts';

const clock = systemClock();
const log = silentLog();

t.test('a screen whose meeting begins while its worker starts shows the meeting', async (t) => {
  const options = { element: 'fakesink', width: 320, height: 180, inset: true, stamps: false };
  const facts = { me: 'site-1', name: 'Long Xuyên', language: 'vi', linked: true } as const;
  const idle = scene({ ...facts, plan: null });
  const part = new MediaPart({ name: 'display', clock, log, tell: () => {} });
  t.teardown(() => part.stop());
  const read = deferred();
  const plays = part.play(() => {
    read.resolve();
    return screen(options, idle);
  });
  await read.promise;
  t.equal(part.report().state, 'starting');
  const floor = settings(scene({ ...facts, plan: makePlan({ onAir: ['site-2'] }) }), options);
  await Promise.all(floor.map(({ element, property, value }) => part.set(element, property, value)));
  // Who changes his mind meanwhile gets what he said last.
  await part.set('marks', 'text', 'one');
  await part.set('marks', 'text', 'other');
  await plays;
  const now = await Promise.all(floor.map(async (each) => ({ ...each, value: await part.get(each.element, each.property) })));
  t.strictSame(
    now,
    floor.map((each) => (each.element === 'marks' && each.property === 'text' ? { ...each, value: 'other' } : each)),
  );
});

t.test('a pipeline that refuses what was asked of it while it started does not count as playing', async (t) => {
  const part = new MediaPart({ name: 'display', clock, log, tell: () => {} });
  t.teardown(() => part.stop());
  const idle = scene({ plan: null, me: 'site-1', name: '', language: 'vi', linked: true });
  const recipe = (read: () => void) => () => {
    read();
    return screen({ element: 'fakesink', width: 320, height: 180, inset: true, stamps: false }, idle);
  };
  const read = deferred();
  const plays = part.play(recipe(read.resolve));
  await read.promise;
  await part.set('nobody', 'text', '');
  await t.rejects(plays, FaultError);
  t.match(part.report(), { state: 'failed', because: /nobody/ });
  await part.play(recipe(() => {}));
  t.equal(part.playing, true, 'it was asked of the former alone');
});

const main = { width: 320, height: 180, fps: 15, kbps: 300 };
/** This site's made voice speaks from 1.6 s on, for 8 s. */
const me = 'site-5';
const wanted = (options: PlanOptions) => uplinkWanted(makePlan({ sites: [me], main, ...options }), me);

for (const moment of ['while nobody knows yet that its worker has died', 'while its next worker starts'] as const)
  t.test(`a site that gets floor and voice, and has less room, ${moment}, sends accordingly`, async (t) => {
    const { port, packets } = await listener(t);
    let made = 0;
    const crashed = deferred();
    const again = deferred();
    const uplink = new Uplink({
      node: me,
      source: { kind: 'pattern' },
      encoder: x264,
      credentials: null,
      backups: [],
      stamps: false,
      port,
      input: { kind: 'synthetic', because: 'test' },
      backupInput: null,
      incarnations: {
        next: () => {
          made += 1;
          if (made === 2) again.resolve();
          return made;
        },
      },
      clock,
      log,
      tell: ({ what }: EventBody) => {
        if (what === 'crashed') crashed.resolve();
      },
    });
    t.teardown(() => uplink.stop());
    const quiet = wanted({ muted: [me] });
    const loud = wanted({ onAir: [me] });
    if (quiet === null || loud === null) throw new Error('the site is not in the plan');
    const { main: mains, tile, audio } = quiet.shape;
    const sent = (base: number, incarnation: number) => packets.map(parseRtp).filter(({ ssrc }) => ssrc === incarnate(base, incarnation));
    await uplink.apply(quiet);
    await eventually(() => (sent(tile.ssrc, 1).length > 5 && sent(audio.ssrc, 1).length > 5 ? undefined : 'nothing is sent'));
    uplink.restart();
    if (moment === 'while its next worker starts') await Promise.all([crashed.promise, again.promise]);
    t.equal(made, moment === 'while its next worker starts' ? 2 : 1);
    await Promise.all([uplink.apply(loud), uplink.limit({ mainKbps: 150, tileFps: 5 })]);
    t.equal(sent(mains.ssrc, 1).length, 0, 'it had not the floor before');

    await eventually(() => (sent(mains.ssrc, 2).length > 20 ? undefined : 'no main'));
    const [first] = sent(mains.ssrc, 2);
    t.ok(
      sent(mains.ssrc, 2).some((packet) => packet.timestamp === first?.timestamp && beginsIdr(packet)),
      'the first picture is one that a decoder can begin with',
    );
    const speaks = () => sent(audio.ssrc, 2).some(({ extensions }) => ((extensions.get(LEVEL_EXTENSION_ID)?.[0] ?? 127) & 127) < 60);
    await eventually(() => (speaks() ? undefined : 'the voice is not heard'), { withinMs: 60_000 });
    await eventually(() => {
      const steps = timestampSteps(sent(tile.ssrc, 2)).slice(-4);
      return steps.length === 4 && steps.every((step) => step >= 12_000) ? undefined : `the tile has its old rate: ${steps.join(', ')}`;
    });
    t.equal(made, 2, 'with one pipeline for all of it');
    await crashed.promise;
  });
