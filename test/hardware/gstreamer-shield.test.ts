/** What comes over the network must not end a pipeline, and a picture that cannot be placed in time would. On a real worker. */
import { join } from 'node:path';
import t from 'tap';
import { type PictureFormat, rawVideo, TILE, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { type Chain, chain, element, filter, fraction, padOf, pipeline, reflexed, shielded } from '../../hardware/gstreamer/pipeline.ts';
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
  const folder = t.testdir();
  const file = join(folder, 'picture.jpg');
  const maker = workerRig(t);
  await maker.worker.start(
    pipeline(
      [chain(element('videotestsrc', { 'num-buffers': 1 }), rawVideo(small), element('jpegenc'), element('filesink', { location: file }))],
      { finalise: true },
    ),
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
