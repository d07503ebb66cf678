/** A compositor that serves everybody: one bad picture must not end it, a machine that is too slow must not make it late. On a real worker. */
import { join } from 'node:path';
import t from 'tap';
import { type PictureFormat, rawVideo, TILE, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { type Chain, chain, element, filter, fraction, padOf, pipeline, reflexed, shielded } from '../../hardware/gstreamer/pipeline.ts';
import { eventually } from '../support/eventually.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { passes, workerRig } from '../support/worker.ts';

const sink = element('fakesink', { async: false, sync: false });
const small: PictureFormat = { ...TILE, width: 48, height: 48 };
const counted = (name: string): Chain =>
  chain(reflexed(element('identity', {}, name), { do: 'probe', element: name, pad: 'src', name }), sink);

/** A compositor with a healthy picture, and beside it `file` again and again, decoded behind a shield. */
const beside = (file: string): Chain[] => [
  chain(element('compositor', { 'force-live': true, 'ignore-inactive-pads': true }, 'compositor'), rawVideo(TILE), counted('composed')),
  chain(testPicture({ id: 'good', name: 'Châu Đốc', format: TILE }), padOf('compositor', 'sink_0')),
  chain(
    element('multifilesrc', { location: file, loop: true }),
    filter('image/jpeg', { width: small.width, height: small.height, framerate: fraction(0) }),
    element('identity', { 'sleep-time': 20_000 }),
    shielded('jpegdec', {}, 'decoder'),
    padOf('compositor', 'sink_1'),
  ),
];

t.test('a decoded picture without a time reaches no compositor, for that would end everybody’s picture', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'picture.jpg');
  const maker = workerRig(t);
  await maker.worker.start(
    pipeline([
      chain(element('videotestsrc', { 'num-buffers': 1 }), rawVideo(small), element('jpegenc'), element('filesink', { location: file })),
    ]),
  );
  await maker.sees('eos');
  await maker.worker.stop();

  const { worker, of, sees } = workerRig(t);
  await worker.start(pipeline(beside(file)));
  const malformed = await sees('malformed');
  t.match(malformed, { element: 'decoder', message: 'decoded something without a time' });
  await passes(worker, 'composed', 30, await passes(worker, 'composed', 1));
  t.strictSame(of('eos'), [], 'the composed picture goes on');
  t.strictSame(of('error'), []);
});

t.test('a compositor that is too slow leaves pictures out and stays with the present', async (t) => {
  const { worker } = workerRig(t);
  // Five pictures a second pass where fifteen come.
  await worker.start(
    pipeline([
      chain(
        element('videotestsrc', { 'is-live': true }),
        rawVideo(TILE),
        reflexed(element('identity', {}, 'stamped'), { do: 'stamp', element: 'stamped', pad: 'src' }),
        padOf('compositor', 'sink_0'),
      ),
      chain(
        reflexed(element('compositor', { 'force-live': true }, 'compositor'), { do: 'punctual', element: 'compositor', pad: 'src' }),
        rawVideo(TILE),
        reflexed(element('identity', { 'sleep-time': 200_000 }, 'slow'), { do: 'read-stamp', element: 'slow', pad: 'src', name: 'out' }),
        sink,
      ),
    ]),
  );
  const reading = await (async () => {
    let now = await worker.stamps('out');
    const ages = [...now.samplesMs];
    await eventually(async () => {
      now = await worker.stamps('out');
      ages.push(...now.samplesMs);
      return now.read >= 25 ? undefined : `${now.read} pictures`;
    });
    return { ...now, ages };
  })();
  t.comment(`ages ${reading.ages.map(Math.round).join(' ')} ms`);
  // If all were made, none would be missing and the last would be three seconds old.
  t.ok(reading.lost > reading.read, `${reading.lost} left out of ${reading.lost + reading.read}`);
});
