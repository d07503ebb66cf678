/** A real media worker for a test, on the build with sanitizers: started on demand, its events collected, gone at teardown. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import { type Chain, chain, element, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { Worker, type WorkerDown, type WorkerOptions } from '../../hardware/gstreamer/worker.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from './eventually.ts';

export const sanitizedWorker = join(packageRoot(), 'build', 'native', 'worker-asan');
export const plainWorker = join(packageRoot(), 'build', 'native', 'worker');

type Kind = WorkerEvent['event'];
/** The member that can have this kind; some members have two. */
type Of<K extends Kind> = Extract<{ [E in WorkerEvent as E['event']]: E }[K], WorkerEvent>;

export interface WorkerRig {
  readonly worker: Worker;
  readonly events: WorkerEvent[];
  readonly downs: WorkerDown[];
  /** All events of one kind so far. */
  readonly of: <K extends Kind>(name: K) => readonly Of<K>[];
  /** Waits until an event of this kind satisfies `fits`. */
  readonly sees: <K extends Kind>(name: K, fits?: (event: Of<K>) => boolean) => Promise<Of<K>>;
}

/**
 * The build with sanitizers, and where its processes write reports: files, because they outlive a process that is killed while it writes, and
 * because a long report would push the crash line out of the few lines that a program keeps. Any report fails the test, also one about memory
 * that is lost when a worker is asked to go. Call it before the teardown that ends the worker: teardowns run backwards.
 */
export function sanitized(t: Test): { readonly binary: string; readonly env: Readonly<Record<string, string>> } {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'));
  t.teardown(() => {
    const all = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    rmSync(folder, { recursive: true });
    // The leak checker of GCC 12 itself crashes now and then over a thread that is just ending (google/sanitizers#1353): it has then not looked.
    // Of threads that have ended meanwhile it says so and goes on.
    const itself = /^(Tracer caught signal|==\d+==Unable to get registers)/;
    const reports = all.filter((report) => !itself.test(report) || /ERROR|SUMMARY|runtime error/.test(report));
    if (reports.length < all.length) t.comment('leaks were not looked for everywhere: the leak checker met threads that were ending');
    if (reports.length > 0) throw new Error(`sanitizer report from a worker:\n${reports.join('\n')}`);
  });
  const native = join(packageRoot(), 'hardware', 'gstreamer', 'native');
  const report = `log_path=${join(folder, 'report')}`;
  // Whole stacks, though they are slow to make: GLib has no frame pointers, so quick ones end there and tell nobody's leak from ours.
  // The worker's own crash handler stays in force: it is what the tests of crashes are about.
  const address = [report, 'detect_leaks=1', 'fast_unwind_on_malloc=0', 'handle_segv=0', 'handle_abort=0'];
  return {
    binary: sanitizedWorker,
    env: {
      ASAN_OPTIONS: address.join(':'),
      LSAN_OPTIONS: `suppressions=${join(native, 'lsan.supp')}:print_suppressions=0`,
      UBSAN_OPTIONS: `${report}:print_stacktrace=1`,
      // GLib 2.74 keeps what is freed in a pool of its own, and what the pool still points to is not seen as lost.
      G_SLICE: 'always-malloc',
    },
  };
}

/** The encoder that every machine has. */
export const x264 = { element: 'x264enc', because: 'it is everywhere' } as const;
export const sink = element('fakesink', { async: false, sync: false });

/** A counted end: `name` in stats. */
export const counted = (name: string): Chain =>
  chain(reflexed(element('identity', {}, name), { do: 'probe', element: name, pad: 'src', name }), sink);

export function workerRig(t: Test, options: Partial<WorkerOptions> = {}): WorkerRig {
  const worker = new Worker({ name: 'test', clock: systemClock(), log: silentLog(), ...sanitized(t), ...options });
  t.teardown(() => worker.stop());
  const events: WorkerEvent[] = [];
  const downs: WorkerDown[] = [];
  worker.on('event', (event) => events.push(event));
  worker.on('down', (info) => downs.push(info));
  const of = <K extends Kind>(name: K): readonly Of<K>[] => events.filter((event): event is Of<K> => event.event === name);
  const sees = async <K extends Kind>(name: K, fits: (event: Of<K>) => boolean = () => true): Promise<Of<K>> => {
    const found: Of<K>[] = [];
    await eventually(() => {
      found.push(...of(name).filter(fits).slice(0, 1));
      return found.length > 0 ? undefined : `no fitting event ${name} among ${JSON.stringify(events.slice(-5))}`;
    });
    return found[0] as Of<K>;
  };
  return { worker, events, downs, of, sees };
}

/** Waits until `point` has counted at least `buffers` more than `since`; returns the counter. */
export async function passes(worker: Worker, point: string, buffers: number, since = 0): Promise<number> {
  let seen = 0;
  await eventually(async () => {
    seen = (await worker.stats()).points[point]?.buffers ?? 0;
    return seen >= since + buffers ? undefined : `${seen - since} of ${buffers} buffers at ${point}`;
  });
  return seen;
}
