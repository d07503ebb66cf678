/** Priorities: asked for, granted or not, and not handed down by accident. */
import { getPriority } from 'node:os';
import t from 'tap';
import { rawVideo, TILE } from '../../hardware/gstreamer/parts/picture.ts';
import { chain, element, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { niceOf, rise } from '../../protocol/node/rank.ts';
import { asNobody } from '../support/nobody.ts';
import { plainWorker, workerRig } from '../support/worker.ts';

const usual = getPriority();
/** Root has the right, and whoever a unit gives it to. */
const granted = rise('control') === null;
t.teardown(() => rise('rest'));

t.test('what is granted holds for this process', async (t) => {
  t.equal(getPriority(), granted ? niceOf.control : usual);
});

t.test('a worker has the rank that it was given, not that of its owner', async (t) => {
  const niceOfWorker = async (rank: 'sound' | 'picture' | null): Promise<number> => {
    const { worker } = workerRig(t, { binary: plainWorker, ...(rank === null ? {} : { rank }) });
    await worker.start(pipeline([chain(element('videotestsrc', { 'is-live': true }), rawVideo(TILE), element('fakesink', {}))]));
    return getPriority(worker.pid ?? 0);
  };
  t.equal(await niceOfWorker(null), granted ? niceOf.rest : usual);
  t.equal(await niceOfWorker('picture'), granted ? niceOf.picture : usual);
  t.equal(await niceOfWorker('sound'), granted ? niceOf.sound : usual);
});

t.test('without the right to it all goes on as before, and why is said', async (t) => {
  const before = getPriority();
  t.match(await asNobody(async () => rise('sound')), /EACCES|EPERM/);
  t.equal(getPriority(), before);
});
