/** Priorities: asked for, granted or not, and not handed down by accident. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker as Thread } from 'node:worker_threads';
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

const threads = (): readonly number[] => readdirSync('/proc/self/task').map(Number);

t.test('what is granted holds for this process: those that read and write files too', async (t) => {
  t.equal(getPriority(), granted ? niceOf.control : usual);
  t.ok(threads().length > 1);
  t.strictSame([...new Set(threads().map((thread) => getPriority(thread)))], [granted ? niceOf.control : usual]);
});

t.test('a thread that has less to decide sets itself alone', async (t) => {
  const before = new Set(threads());
  const program = `
    import { parentPort } from 'node:worker_threads';
    const { rise } = await import(${JSON.stringify(new URL('../../protocol/node/rank.js', import.meta.url).href)});
    rise('rest');
    parentPort.postMessage('set');
    parentPort.once('message', () => {});`;
  const thread = new Thread(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  await once(thread, 'message');
  const added = threads().filter((each) => !before.has(each));
  t.ok(added.some((each) => getPriority(each) === (granted ? niceOf.rest : usual)));
  t.strictSame([...new Set([...before].map((each) => getPriority(each)))], [granted ? niceOf.control : usual]);
  await thread.terminate();
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
