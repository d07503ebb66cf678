/** Runs in a thread of the hub: reads, hashes and writes whole recordings, one after the other, away from the thread that answers for the meeting. */
import { parentPort } from 'node:worker_threads';
import { rise } from '../../../../protocol/node/rank.ts';
import { type PressJob, press } from './press.ts';
import { type SegmentReadings, scan } from './scan.ts';

export type Job =
  | { readonly do: 'scan'; readonly path: string; readonly readings: SegmentReadings }
  | { readonly do: 'press'; readonly job: PressJob };
export interface Request {
  readonly id: number;
  readonly job: Job;
}
export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code: string | null };
}

rise('rest');
const run = (job: Job): Promise<unknown> => (job.do === 'scan' ? scan(job.path, job.readings) : press(job.job));

let before: Promise<void> = Promise.resolve();
parentPort?.on('message', ({ id, job }: Request) => {
  before = before.then(async () => {
    try {
      parentPort?.postMessage({ id, value: await run(job) } satisfies Reply);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      parentPort?.postMessage({ id, error: { message, code: code ?? null } } satisfies Reply);
    }
  });
});
