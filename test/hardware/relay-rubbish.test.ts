/** A site that sends nothing but rubbish, much of it: it harms nobody else, and the hub neither falls nor grows. Real SRT, sanitizers on. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { edgeRig, KEY, type RelayRig, relayRig, sanitizedRelay } from '../support/relay.ts';
import { Pictures, Sound, udpPort } from '../support/rtp-packets.ts';
import { Rubbish } from '../support/rubbish.ts';
import { harmOf, type RubbishReport } from '../support/rubbish-run.ts';
import { bareSender } from '../support/rubbish-sender.ts';
import { tempFolder } from '../support/temp-folder.ts';

const V = 0x1000;
const A = 0x2000;
const BAD_V = 0x66660;
const BAD_A = 0x77770;
const LIMIT_KBPS = 3000;
const seed = 4_711;

/** The sanitizer keeps freed memory for a while, which would look like growth. */
function lean(t: Test): string {
  const script = join(tempFolder(t), 'relay');
  writeFileSync(script, `#!/bin/sh\nASAN_OPTIONS=quarantine_size_mb=1 exec ${sanitizedRelay}\n`);
  chmodSync(script, 0o755);
  return script;
}

const residentMb = (rig: RelayRig): number => {
  const status = readFileSync(`/proc/${rig.relay.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
};

t.test(`rubbish (seed ${seed}) at twenty times the rate of a site: the others lose nothing`, async (t) => {
  const hub = await relayRig(t, 'hub', lean(t));
  for (const node of ['good', 'viewer']) await hub.relay.allow(node, { key: KEY });
  await hub.relay.allow('bad', { key: KEY, maxInKbps: LIMIT_KBPS });
  const port = await hub.relay.listen({ host: '127.0.0.1', port: 0, latencyMs: 2000 });
  const [good, viewer] = [await edgeRig(t, 'good', port, 2000), await edgeRig(t, 'viewer', port, 2000)];
  const bad = await bareSender(t, { port, streamId: 'pub/bad', key: KEY });
  await hub.sees('connected', ({ streamId }) => streamId === 'pub/bad');
  const out = await udpPort(t);
  // The viewer gets the good streams and the bad ones, routed and by views; the bad ones are also what a view falls back from and to.
  for (const [ssrc, kind, from] of [
    [V, 'video', 'good'],
    [A, 'audio', 'good'],
    [BAD_V, 'video', 'bad'],
    [BAD_A, 'audio', 'bad'],
  ] as const) {
    await good.relay.route(ssrc, { kind, to: [{ link: 'pub' }] });
    await hub.relay.route(ssrc, { kind, from: [from], to: [{ peer: 'viewer' }] });
    await viewer.relay.route(ssrc, { kind, to: [] });
  }
  await hub.relay.view('floor', { kind: 'video', to: { udp: 9 }, ssrc: BAD_V, backups: [V], holdMs: 50 });
  await hub.relay.view('mix', { kind: 'audio', to: { udp: 9 }, ssrc: BAD_A, as: 0x99990, backups: [A], holdMs: 50 });
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  let frames = 0;
  const feed = setInterval(
    () => out.send(good.input, ...pictures.frame({ idr: frames++ % 50 === 0, size: 5000 }), sound.packet(), sound.packet()),
    40,
  );
  t.teardown(() => clearInterval(feed));
  const rubbish = new Rubbish({ seed, ssrcs: [BAD_V, BAD_A, V] });
  // A frame's worth in each of 25 ticks per second would be a site's rate.
  const flood = setInterval(() => {
    for (let i = 0; i < 20; i++) out.send(bad, ...rubbish.next());
  }, 40);
  t.teardown(() => clearInterval(flood));

  t.match(await hub.sees('flood'), { peer: 'bad', streamId: 'pub/bad', maxInKbps: LIMIT_KBPS });
  t.match(await hub.sees('forged'), { ssrc: V, from: 'bad' }, 'what is not its own is not believed');
  await eventually(() => (frames >= 50 ? undefined : `${frames} frames`));
  const early = residentMb(hub);
  const begun = (await hub.relay.stats()).at;
  const before = (await hub.stream(BAD_V))?.bytes ?? 0;
  await eventually(() => (frames >= 200 ? undefined : `${frames} frames`));
  const late = residentMb(hub);
  const taken = ((await hub.stream(BAD_V))?.bytes ?? 0) - before;
  const seconds = ((await hub.relay.stats()).at - begun) / 1000;
  clearInterval(flood);
  clearInterval(feed);

  // What came into the good site's own relay is what must come out at the viewer's.
  await eventually(async () => {
    for (const ssrc of [V, A]) {
      const [sent, seen] = [(await good.stream(ssrc))?.packets ?? 0, (await viewer.stream(ssrc))?.packets ?? 0];
      if (sent < 200 || seen !== sent) return `${seen} of ${sent} packets of ${ssrc}`;
    }
    return undefined;
  });
  for (const ssrc of [V, A]) t.match(await viewer.stream(ssrc), { lost: 0, damagedFrames: 0, restarts: 0 });
  const [from, all] = [await hub.connection('pub/bad'), await hub.relay.stats()];
  t.comment(
    `from the bad site: ${from?.mediaIn} packets, ${from?.flooded} beyond the limit, ${from?.malformed} malformed, ${from?.forged} forged`,
  );
  t.comment(`memory of the hub's relay: ${Math.round(early)} MB, then ${Math.round(late)} MB`);
  t.ok((from?.flooded ?? 0) > 0 && (from?.malformed ?? 0) > 0 && (from?.forged ?? 0) > 0);
  t.ok(taken * 8 <= LIMIT_KBPS * 1000 * (seconds + 1.5), `${Math.round((taken * 8) / 1000 / seconds)} kbit/s taken`);
  t.ok(late - early < 48, 'memory does not grow with what it is sent');
  t.equal(hub.of('flood').length, 1, 'told once');
  t.equal((await hub.connection('pub/good'))?.flooded, 0);
  t.equal(hub.relay.state, 'up');
  t.ok(all.linesDropped === 0);
});

t.test('the long run is good only when floor, mix and mosaic went on', async (t) => {
  const calm: RubbishReport = {
    seed,
    seconds: 600,
    sent: 1,
    taken: 1,
    flooded: 1,
    malformed: 1,
    forged: 1,
    floorFrames: 15_000,
    floorLost: 0,
    floorMaxGapMs: 60,
    mixPackets: 30_000,
    mixLost: 0,
    mosaicFrames: 9000,
    mosaicMaxGapMs: 480,
    told: {},
  };
  const rows: readonly [string, Partial<RubbishReport>, readonly RegExp[]][] = [
    ['calm', {}, []],
    ['a mosaic that is dead all the time', { mosaicFrames: 0, mosaicMaxGapMs: Number.POSITIVE_INFINITY }, [/^the mosaic: 0 pictures/]],
    [
      'a mosaic that died and did not come back',
      { mosaicFrames: 900, mosaicMaxGapMs: 540_000 },
      [/^the mosaic: 900 .* 520 ms are allowed$/],
    ],
    ['a mosaic that was never seen', { mosaicFrames: Number.NaN }, [/^the mosaic/]],
    ['a machine on which everything comes late', { floorMaxGapMs: 240, mosaicMaxGapMs: 690 }, []],
    ['a floor that lost a picture', { floorLost: 1 }, [/^the floor/]],
    ['nothing was seen', { floorFrames: 0, mixPackets: Number.NaN }, [/^the floor/, /^the mix/]],
  ];
  for (const [name, change, harm] of rows) {
    const found = harmOf({ ...calm, ...change });
    t.equal(found.length, harm.length, `${name}: ${found.join(', ')}`);
    t.match(found, harm, name);
  }
});
