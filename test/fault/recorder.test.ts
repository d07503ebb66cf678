/** Two hubs record one meeting; a recorder, a disk and a whole hub fail in the middle, and the one file made of both misses nothing of it. */
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { StampReading } from '../../hardware/gstreamer/readings.ts';
import { eventually } from '../support/eventually.ts';
import { type HubRig, hubRig, site } from '../support/hub.ts';
import { hubChild } from '../support/hub-child.ts';
import { decodes, longestHole, manifestOf, probe, segments, stampsIn, stitchedOf } from '../support/recorded.ts';

t.setTimeout(180_000);
const recording = 'r-abcdefgh';

const grows = (on: HubRig, by = 25_000): Promise<void> => {
  let from = -1;
  return eventually(() => {
    const bytes = on.hub.meeting('m-abcdefgh')?.recorder?.bytes ?? 0;
    if (from < 0) from = bytes;
    return bytes > from + by ? undefined : `${bytes - from} bytes were written`;
  });
};

/** Time of the pictures that are not there; one whose stamp cannot be read is there. */
const missing = ({ lost, corrupt }: StampReading): number => Math.max(0, lost - corrupt) * 40;

/** From the first picture that any hub has to the last, by their times of capture. */
async function recordedSeconds(hubs: readonly Pick<HubRig, 'recordings'>[]): Promise<number> {
  const manifests = await Promise.all(hubs.map((hub) => manifestOf(hub, recording)));
  const pictures = manifests.flatMap((manifest) => manifest?.segments ?? []).flatMap(({ picture }) => picture ?? []);
  const first = Math.min(...pictures.flatMap((each) => each.first ?? []));
  return (Math.max(...pictures.flatMap((each) => each.last ?? [])) - first) / 1000;
}

const stitched = (on: HubRig): Promise<void> =>
  eventually(async () => ((await stitchedOf(on, recording)) === null ? `not stitched: ${on.hub.stitcher.waits(recording)}` : undefined), {
    withinMs: 60_000,
  });

t.test('a recorder dies, a disk is full, a file is spoilt', async (t) => {
  let freeBytes = 1e12;
  const a = await hubRig(t, { freeBytes: () => freeBytes });
  const b = await hubRig(t, { node: 'hub-2' }, a);
  const plan = b.plan({ sites: 2, onAir: ['site-1'] });
  const recorded = { ...plan, recording: { id: recording, because: 'biên bản', by: 'chair' } };
  const both = async (of: typeof plan): Promise<void> => void (await Promise.all([a.desire(of), b.desire(of)]));
  await both(plan);
  for (const [name, stamp, hz] of [
    ['site-1', 1, 500],
    ['site-2', 2, 1200],
  ] as const)
    await site(t, a, plan, name, { stamp, hz, main: true, colour: 0x802020, also: [b] });
  await both(recorded);
  await Promise.all([segments(a, recording, 1), segments(b, recording, 1)]);
  await grows(a);

  a.hub.meeting(plan.meeting)?.recorder?.worker?.kill('SIGKILL');
  await segments(a, recording, 2);
  await grows(a);
  await both({ ...recorded, grant: { ...plan.grant, n: 2, slots: ['site-2'], previous: 'site-1' } });
  await segments(a, recording, 3);
  await grows(a);
  freeBytes = -1;
  await eventually(() => (a.hub.meeting(plan.meeting)?.recorder?.worker == null ? undefined : 'still records'));
  await grows(b);
  freeBytes = 1e12;
  await segments(a, recording, 4);
  await grows(a);
  await both({ ...plan, grant: { ...plan.grant, n: 2, slots: ['site-2'], previous: 'site-1' } });
  await stitched(a);

  await t.test('each segment says what it holds: hash, RTP times, whether it ended cleanly', async (t) => {
    for (const hub of [a, b]) {
      const manifest = await manifestOf(hub, recording);
      t.strictSame([manifest?.hub, manifest?.hubs?.map((each) => each.hub)], [hub === a ? 'hub-1' : 'hub-2', ['hub-1', 'hub-2']]);
      for (const { file, sha256, picture, sound, startedAt, bytes } of manifest?.segments ?? []) {
        t.match(sha256, /^[0-9a-f]{64}$/, file);
        t.equal(bytes, (await stat(join(hub.recordings, recording, file))).size);
        t.ok(
          Math.abs((picture?.first ?? 0) - startedAt) < 5000,
          'one machine, one clock: the first picture was captured when the segment began',
        );
        t.ok((picture?.last ?? 0) > (picture?.first ?? 0) && (sound?.last ?? 0) > (sound?.first ?? 0));
      }
    }
    const [cut] = (await manifestOf(a, recording))?.segments ?? [];
    t.match(cut, { clean: false, because: /SIGKILL|signal/ });
  });

  await t.test('one file without a hole, whose pictures follow each other, with its sound', async (t) => {
    const manifest = await stitchedOf(a, recording);
    const file = join(a.recordings, recording, 'stitched.mkv');
    t.comment(
      JSON.stringify(
        manifest?.cuts.filter(({ track }) => track === 'picture').map(({ hub, file: of, fromMs, toMs }) => [hub, of, fromMs, toMs]),
      ),
    );
    t.comment(JSON.stringify(manifest?.gaps));
    t.ok(
      manifest?.cuts.some(({ hub }) => hub === 'hub-2'),
      'the other hub filled what was missing',
    );
    t.equal(await decodes(file), '', 'decodes whole');
    const found = await probe(file);
    const stamps = await stampsIn(t, file);
    const missingMs = missing(stamps);
    t.comment(
      `${found.video} pictures, ${stamps.lost} missing, ${stamps.repeated} twice, ${stamps.corrupt} unreadable; longest hole in the picture ${longestHole(found.times.video).toFixed(3)} s, in the sound ${longestHole(found.times.audio).toFixed(3)} s; ${found.told} s`,
    );
    for (const hub of [a, b])
      for (const { file: name } of (await manifestOf(hub, recording))?.segments ?? []) {
        const part = await stampsIn(t, join(hub.recordings, recording, name));
        t.comment(`${hub.node} ${name}: ${part.read} read, ${part.lost} missing, ${part.corrupt} unreadable`);
      }
    t.ok(missingMs <= 1000, `${missingMs} ms are missing`);
    t.ok(longestHole(found.times.video) <= 1, 'no second without a picture');
    const wall = await recordedSeconds([a, b]);
    t.ok(Math.abs(found.told - wall) < 1, `${found.told} s of ${wall} s`);
    t.ok(Math.abs((found.times.video.at(-1) ?? 0) - (found.times.audio.at(-1) ?? 0)) < 1, 'sound and picture end together');
  });

  await t.test('a file that is not what was recorded is left out, with the reason, and the other hub stands in', async (t) => {
    const path = join(a.recordings, recording, '0001.mkv');
    await a.hub.stop();
    const spoilt = await open(path, 'r+');
    await spoilt.write(Buffer.from([0xaa, 0xbb]), 0, 2, (await spoilt.stat()).size - 100);
    await spoilt.close();
    await rm(join(a.recordings, recording, 'stitched.json'));
    const again = await hubRig(
      t,
      {
        listen: { host: '127.0.0.1', port: a.port },
        recordings: { dir: a.recordings, minFreeBytes: 0, maxBytes: 1e12 },
      },
      a,
    );
    await stitched(again);
    const manifest = await stitchedOf(a, recording);
    const source = manifest?.sources.find(({ hub, file }) => hub === 'hub-1' && file === '0001.mkv');
    t.match(source, { used: false, refused: /0001\.mkv of hub-1 is not the file that was recorded: its SHA-256 differs/ });
    await eventually(() =>
      again.notes.some(({ kind, what }) => kind === 'recording' && what === 'refused') ? undefined : 'nobody was told',
    );
    const stamps = await stampsIn(t, join(a.recordings, recording, 'stitched.mkv'));
    t.comment(`${stamps.lost} pictures missing without it, ${stamps.repeated} twice`);
    t.ok(missing(stamps) <= 1000);
  });
});

t.test('the first hub dies whole; the other records on; the first one returns after the meeting and makes the file', async (t) => {
  const a = await hubChild(t, 'hub-1');
  const b = await hubRig(t, { node: 'hub-2' }, a);
  const quiet = b.plan({ sites: 1, onAir: ['site-1'] });
  const recorded = { ...quiet, recording: { id: recording, because: 'biên bản', by: 'chair' } };
  await Promise.all([a.start(recorded), b.desire(quiet)]);
  await site(t, a, quiet, 'site-1', { stamp: 1, hz: 500, main: true, also: [b] });
  await b.desire(recorded);
  await Promise.all([segments(a, recording, 1), segments(b, recording, 1)]);
  await grows(b, 40_000);

  await a.kill();
  await grows(b, 40_000);
  await b.desire({ ...quiet, recording: null });
  await t.test('what the dead hub has is waited for', async () => {
    await eventually(() => {
      const waits = b.hub.stitcher.waits(recording);
      return waits?.includes('hub-1 does not answer') ? undefined : `waits for ${waits}`;
    });
    t.equal(await stitchedOf(b, recording), null);
  });

  await a.start({ ...quiet, recording: null });
  await eventually(async () => ((await stitchedOf(a, recording)) === null ? a.logs.slice(-2).join('\n') : undefined), { withinMs: 60_000 });
  const [manifest, own] = [await stitchedOf(a, recording), await manifestOf(a, recording)];
  t.match(own?.segments, [{ clean: false, because: 'the hub died', sha256: /^[0-9a-f]{64}$/ }], 'adopted, and read');
  const file = join(a.recordings, recording, 'stitched.mkv');
  const [found, stamps] = [await probe(file), await stampsIn(t, file)];
  t.comment(JSON.stringify(manifest?.cuts.map(({ track, hub, file: of, fromMs, toMs }) => [track, hub, of, fromMs, toMs])));
  t.comment(
    `${found.video} pictures, ${stamps.lost} missing, ${stamps.repeated} twice; longest hole in the picture ${longestHole(found.times.video).toFixed(3)} s, in the sound ${longestHole(found.times.audio).toFixed(3)} s; ${found.told} s`,
  );
  t.equal(await decodes(file), '', 'decodes whole');
  t.ok(missing(stamps) <= 1000, `${missing(stamps)} ms are missing`);
  t.ok(manifest?.cuts.some(({ hub }) => hub === 'hub-1') && manifest.cuts.some(({ hub }) => hub === 'hub-2'), 'made of both');
  const wall = await recordedSeconds([a, b]);
  t.ok(Math.abs(found.told - wall) < 1, `${found.told} s of ${wall} s`);
  await eventually(() => (b.hub.stitcher.waits(recording) === null ? undefined : `waits: ${b.hub.stitcher.waits(recording)}`));
  t.equal(await stitchedOf(b, recording), null, 'one file, not two');
});
