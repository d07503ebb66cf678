/** A real media worker for a test: started on demand, its events collected, gone at teardown. */
import type { Test } from 'tap';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import { Worker, type WorkerDown, type WorkerOptions } from '../../hardware/gstreamer/worker.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from './eventually.ts';

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

export function workerRig(t: Test, options: Partial<WorkerOptions> = {}): WorkerRig {
  const worker = new Worker({ name: 'test', clock: systemClock(), log: silentLog(), ...options });
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
