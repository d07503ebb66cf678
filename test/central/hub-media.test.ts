/** A hub with real sites: pictures and voices go where they should, and what dies takes nothing else with it. */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import t from 'tap';
import type { Plan } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { clock, type HubRig, heardDb, hubRig, type SiteRig, site } from '../support/hub.ts';
import { nal, packet } from '../support/rtp-packets.ts';
import type { WorkerRig } from '../support/worker.ts';

t.setTimeout(180_000);
const tones = [500, 1200, 2500] as const;
const [hears, silent] = [-30, -40];

/** Waits until every picture of the mosaic is the right site's. */
const shows = (rig: WorkerRig, sources: readonly number[], since = 3): Promise<void> =>
  eventually(
    async () => {
      for (const [index, source] of sources.entries()) {
        const { read, source: seen } = await rig.worker.stamps(`cell-${index}`, { reset: true });
        if (seen !== source || read < since) return `cell ${index} shows ${seen} (${read} pictures), not ${source}`;
      }
      return undefined;
    },
    { everyMs: 700 },
  );

/** @param fresh only pictures that come from now on count. */
const floorShows = (rig: WorkerRig, source: number, fresh = false): Promise<void> =>
  eventually(async () => {
    const { source: seen, read, samplesMs } = await rig.worker.stamps('floor');
    return seen === source && read > 0 && (!fresh || samplesMs.length > 0) ? undefined : `the floor shows ${seen} (${read} read)`;
  });

/** Waits until, from now on, these tones are heard and those are not. */
const sounds = (rig: WorkerRig, want: Readonly<Record<number, boolean>>): Promise<void> => {
  const since = clock.mono();
  return eventually(() => {
    const wrong = Object.entries(want).flatMap(([hz, there]) => {
      const db = heardDb(rig, Number(hz), since);
      return db !== null && (there ? db > hears : db < silent) ? [] : [`${hz} Hz is at ${db} dB, wanted: ${there}`];
    });
    return wrong.length === 0 ? undefined : wrong.join(', ');
  });
};

const three = async (t: Tap, on: HubRig, plan: Plan): Promise<readonly [SiteRig, SiteRig, SiteRig]> => {
  const make = (n: 1 | 2 | 3): Promise<SiteRig> =>
    site(t, on, plan, `site-${n}`, { stamp: n, hz: tones[n - 1]!, main: n < 3, colour: [0, 0x802020, 0x208020, 0x202080][n]! });
  return [await make(1), await make(2), await make(3)];
};
type Tap = Parameters<typeof site>[0];

t.test('a meeting of three', async (t) => {
  const hub = await hubRig(t);
  const first = hub.plan({ onAir: ['site-1'], next: 'site-2' });
  await hub.desire(first);
  const [one, two, three3] = await three(t, hub, first);
  const [eyes1, eyes3] = [await one.watch(t, first), await three3.watch(t, first)];
  const meeting = hub.hub.meeting(first.meeting)!;

  await t.test('everybody is in the mosaic, and it is told so', async (t) => {
    await shows(eyes3, [1, 2, 3]);
    const { meetings } = await hub.hub.telemetry(0);
    t.strictSame(
      meetings[0]?.sites.map(({ tile }) => tile),
      ['live', 'live', 'live'],
    );
    await eventually(() =>
      meeting.mosaic.thumb('site-2')?.jpeg.subarray(0, 2).toString('hex') === 'ffd8' ? undefined : 'no JPEG of site-2',
    );
    t.equal(meeting.mosaic.thumb('site-9'), null);
  });

  await t.test('each site hears the others and not itself', async () => {
    await sounds(eyes1, { 500: false, 1200: true, 2500: true });
    await sounds(eyes3, { 500: true, 1200: true, 2500: false });
  });

  await t.test('a muted site is heard by nobody', async () => {
    await hub.desire({ ...first, grant: { ...first.grant, n: 2, muted: ['site-2'] } });
    await sounds(eyes1, { 500: false, 1200: false, 2500: true });
    await hub.desire({ ...first, grant: { ...first.grant, n: 3 } });
    await sounds(eyes1, { 1200: true });
  });

  await t.test('the floor changes at a keyframe that the hub asks for', async (t) => {
    await floorShows(eyes3, 1);
    const before = await eyes3.worker.stamps('floor');
    await hub.desire({ ...first, grant: { ...first.grant, n: 4, slots: ['site-2'], next: null, previous: 'site-1' } });
    await floorShows(eyes3, 2);
    await floorShows(eyes1, 2);
    t.ok(
      two.asked.some((message) => message.type === 'keyframe' && message.kind === 'main'),
      'keyframes are ten seconds apart here',
    );
    const { corrupt } = await eyes3.worker.stamps('floor');
    t.equal(corrupt, before.corrupt, 'not one damaged picture');
    await eventually(async () => {
      const { floor } = (await hub.hub.telemetry(0)).meetings[0]!;
      return floor.grantN === 4 && floor.switched === 2 && floor.viewers === 2 ? undefined : JSON.stringify(floor);
    });
  });

  await t.test('a killed mosaic costs no packet of the floor and comes back with a new SSRC', async (t) => {
    const { ssrc } = first.sites[1]!.streams.main;
    const floor = async () => (await three3.relay.stats()).streams.find((each) => each.ssrc === ssrc)!;
    const incarnation = async () =>
      (await three3.relay.stats()).streams.find((each) => each.ssrc === first.hubs[0]!.streams.mosaic.ssrc)!.incarnation;
    const [before, old] = [await floor(), await incarnation()];
    meeting.mosaic.worker.kill('SIGKILL');
    await eventually(async () => ((await incarnation()) === old ? 'still the old mosaic' : undefined));
    await shows(eyes3, [1, 2, 3]);
    const after = await floor();
    t.ok(after.frames > before.frames, 'the floor went on');
    t.equal(after.lost, before.lost);
    t.ok(hub.notes.some(({ what, facts }) => what === 'crashed' && facts.program === 'mosaic'));
  });

  await t.test('a killed mixer comes back, and still nobody hears itself', async () => {
    meeting.audio.worker.kill('SIGKILL');
    await eventually(() =>
      meeting.audio.part().restarts === 1 && meeting.audio.part().state === 'running' ? undefined : JSON.stringify(meeting.audio.part()),
    );
    await sounds(eyes1, { 1200: true, 2500: true, 500: false });
  });

  await t.test('a killed relay is told everything again: floor, mosaic and sound come back', async () => {
    hub.hub.relay.kill('SIGKILL');
    await eventually(() =>
      hub.notes.some(({ what, facts }) => what === 'restarted' && facts.program === 'relay') ? undefined : 'not back',
    );
    await eyes3.worker.stamps('floor');
    await floorShows(eyes3, 2, true);
    await shows(eyes3, [1, 2, 3]);
    await sounds(eyes1, { 1200: true, 2500: true, 500: false });
  });

  await t.test('a stream that crashes the decoder twice becomes a slate, the others stay', async () => {
    for (const crashes of [1, 2]) {
      await eventually(() => (meeting.mosaic.tile('site-1') === 'live' ? undefined : `site-1 is ${meeting.mosaic.tile('site-1')}`));
      const { restarts } = meeting.mosaic.part();
      await meeting.mosaic.worker.crash('decode_0', 'sink');
      await eventually(() => (meeting.mosaic.part().restarts > restarts ? undefined : `crash ${crashes} has not come`));
    }
    await eventually(() => (meeting.mosaic.tile('site-1') === 'banned' ? undefined : `site-1 is ${meeting.mosaic.tile('site-1')}`));
    await eventually(() =>
      meeting.mosaic.tile('site-2') === 'live' && meeting.mosaic.tile('site-3') === 'live' ? undefined : 'the others are not back',
    );
    await eventually(
      async () => {
        const { read, source } = await eyes3.worker.stamps('cell-1', { reset: true });
        return read > 2 && source === 2 ? undefined : `cell 1 shows ${source}`;
      },
      { everyMs: 700 },
    );
  });

  await t.test('a site that dies is a slate within two seconds, and the mosaic goes on', async (t) => {
    const at = clock.mono();
    await three3.sender.stop();
    await eventually(() => (meeting.mosaic.tile('site-3') === 'slate' ? undefined : 'still live'));
    const { points } = await meeting.mosaic.worker.stats();
    t.ok(points.mosaic!.buffers > 0);
    t.comment(`a slate after ${Math.round(clock.mono() - at)} ms`);
    t.ok(hub.notes.some(({ kind, what, facts }) => kind === 'tile' && what === 'slate' && facts.site === 'site-3'));
  });
});

t.test('a slot that changes hands shows its new owner, though pictures flow into it all the while', async (t) => {
  const hub = await hubRig(t);
  const plan = hub.plan({ sites: 18 });
  const page = (n: number): Plan => ({ ...plan, layout: { mosaic: 'grid', page: n } });
  await hub.desire(page(0));
  // The first of each page: both have slot 0.
  await site(t, hub, plan, 'site-1', { stamp: 1, colour: 0x802020 });
  const other = await site(t, hub, plan, 'site-17', { stamp: 17, colour: 0x208020 });
  const eyes = await other.watch(t, plan);
  const { mosaic } = hub.hub.meeting(plan.meeting)!;
  const live = (name: string): Promise<void> =>
    eventually(() => (mosaic.tile(name) === 'live' ? undefined : `${name} is ${mosaic.tile(name)}`));
  await live('site-1');
  await hub.desire(page(1));
  await live('site-17');
  t.equal(mosaic.tile('site-1'), null);
  await eventually(async () => {
    const { source, read } = await eyes.worker.stamps('cell-0', { reset: true });
    return source === 17 && read > 0 ? undefined : `cell 0 shows ${source} (${read} pictures)`;
  });
  await hub.desire(page(0));
  await live('site-1');
  // There and back before the relay has anything to change.
  hub.want(page(1));
  await hub.desire(page(0));
  await live('site-1');
});

t.test('garbage in place of pictures', async (t) => {
  const hub = await hubRig(t);
  const plan = hub.plan({ sites: 2 });
  await hub.desire(plan);
  const good = await site(t, hub, plan, 'site-2', { stamp: 2, hz: null });
  const bad = await site(t, hub, plan, 'site-1', { stamp: 1, hz: null });
  const eyes = await good.watch(t, plan);
  await shows(eyes, [1, 2]);
  await bad.sender.stop();
  const socket = createSocket('udp4');
  let seq = 0;
  const { tile, audio } = plan.sites[0]!.streams;
  // Noise behind every kind of NAL header, lengths from one byte on, and noise as sound.
  const timer = clock.every(20, 'garbage', () => {
    seq += 1;
    const kind = [1, 5, 7, 8, 24, 28, 0, 31][seq % 8]!;
    const noise = Buffer.concat([nal(kind, 1), randomBytes((seq * 37) % 900)]);
    const common = { seq, time: seq * 1800, marker: seq % 3 === 0, captured: null };
    socket.send(packet({ ...common, ssrc: tile.ssrc + 5, type: 96, payload: noise }), bad.inputPort, '127.0.0.1');
    // It says that it is loud, so that it is decoded.
    socket.send(packet({ ...common, ssrc: audio.ssrc + 5, type: 111, payload: randomBytes(80), level: 5 }), bad.inputPort, '127.0.0.1');
  });
  t.teardown(() => {
    timer.cancel();
    socket.close();
  });
  const { mosaic, audio: mixer } = hub.hub.meeting(plan.meeting)!;
  await eventually(() => (mosaic.tile('site-1') === 'slate' ? undefined : `site-1 is ${mosaic.tile('site-1')}`));
  await eventually(() => (mixer.ports.has('site-1') ? undefined : 'its noise does not reach the mixer'));
  const from = seq;
  await eventually(() => (seq > from + 200 ? undefined : 'the garbage flows'));
  await eventually(
    async () => {
      const { read, source } = await eyes.worker.stamps('cell-1', { reset: true });
      return read > 5 && source === 2 ? undefined : `the good site’s cell shows ${source} (${read})`;
    },
    { everyMs: 700 },
  );
  const broken = hub.notes.filter(({ kind, severity }) => kind === 'process' && severity !== 'info');
  t.strictSame([mosaic.part().restarts, mixer.part().restarts], [0, 0], `nothing was started again: ${JSON.stringify(broken)}`);
  await eventually(() => (mosaic.tile('site-2') === 'live' ? undefined : `site-2 is ${mosaic.tile('site-2')}`));
  t.equal(mosaic.tile('site-2'), 'live');
});
