/** A real media worker for a test: started on demand, its events collected, gone at teardown. */
import type { Test } from 'tap';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import { Worker, type WorkerDown, type WorkerOptions } from '../../hardware/gstreamer/worker.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from './eventually.ts';

export interface WorkerRig {
  readonly worker: Worker;
  readonly events: WorkerEvent[];
  readonly downs: WorkerDown[];
  /** All events of one kind so far. */
  readonly of: <K extends WorkerEvent['event']>(name: K) => readonly Extract<WorkerEvent, { event: K }>[];
  /** Waits until an event of this kind satisfies `fits`. */
  readonly sees: <K extends WorkerEvent['event']>(
    name: K,
    fits?: (event: Extract<WorkerEvent, { event: K }>) => boolean,
  ) => Promise<Extract<WorkerEvent, { event: K }>>;
}

export function workerRig(t: Test, options: Partial<WorkerOptions> = {}): WorkerRig {
  const worker = new Worker({ name: 'test', clock: systemClock(), log: silentLog(), ...options });
  t.teardown(() => worker.stop());
  const events: WorkerEvent[] = [];
  const downs: WorkerDown[] = [];
  worker.on('event', (event) => events.push(event));
  worker.on('down', (info) => downs.push(info));
  const of: WorkerRig['of'] = (name) => events.filter((event) => event.event === name) as never;
  const sees: WorkerRig['sees'] = async (name, fits = () => true) => {
    const found = (): ReturnType<typeof of<typeof name>>[number] | undefined => of(name).find(fits);
    await eventually(() => (found() ? undefined : `no fitting event ${name} among ${JSON.stringify(events.slice(-5))}`));
    const event = found();
    if (!event) throw new Error(`event ${name} vanished`);
    return event;
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
