/** What a worker answers to `stats` and `stamps`, as types, and the check of those answers. */
import { FaultError } from '../../protocol/fault.ts';

/** Counters of one probed pad. They only grow; readers take differences. */
export interface Point {
  readonly name: string;
  readonly buffers: number;
  readonly bytes: number;
  readonly keyframes: number;
  readonly discontinuities: number;
  /** Over the last full second. */
  readonly fps: number;
  /** Age of the newest buffer, -1 when none has come. */
  readonly lastMs: number;
  /** Largest gap since the last reset, the present one included. */
  readonly maxGapMs: number;
  readonly stalled: boolean;
}

export interface WorkerStats {
  readonly points: Readonly<Record<string, Point>>;
  /** Packets that each RTP port refused, by its guard's name. */
  readonly refused: Readonly<Record<string, number>>;
  /** Events and bulk (levels, pictures) that were dropped because the owner read too slowly. */
  readonly eventsDropped: number;
  readonly bulkDropped: number;
  /** CPU time of the process since its start. */
  readonly cpuMs: number;
  readonly maxRssKb: number;
}

export interface StampReading {
  /** Time from the burning to the reading of each picture. */
  readonly samplesMs: readonly number[];
  readonly samplesDropped: number;
  readonly read: number;
  /** Pictures whose stamp could not be read: damaged. */
  readonly corrupt: number;
  /** Gaps in the sequence. */
  readonly lost: number;
  readonly repeated: number;
  readonly unfit: number;
  /** The longest time between two readable pictures since the last reading, the present one included. */
  readonly maxGapMs: number;
  /** -1 before the first. */
  readonly lastSeq: number;
  readonly source: number;
}

type Reply = Readonly<Record<string, unknown>>;

const COUNTERS = ['buffers', 'bytes', 'keyframes', 'discontinuities', 'fps', 'lastMs', 'maxGapMs'] as const;
const READING = ['samplesDropped', 'read', 'corrupt', 'lost', 'repeated', 'unfit', 'maxGapMs', 'lastSeq', 'source'] as const;

function number(of: Reply, key: string): number {
  const value = of[key];
  if (typeof value !== 'number') throw new FaultError({ code: 'input.invalid', path: `/${key}`, reason: 'the worker sent no number' });
  return value;
}

function numbers<K extends string>(of: Reply, keys: readonly K[]): { readonly [P in K]: number } {
  return Object.fromEntries(keys.map((key) => [key, number(of, key)])) as { [P in K]: number };
}

function list(of: Reply, key: string): readonly unknown[] {
  const value = of[key];
  if (!Array.isArray(value)) throw new FaultError({ code: 'input.invalid', path: `/${key}`, reason: 'the worker sent no list' });
  return value;
}

/** @throws FaultError `input.invalid` when the reply is not what this version expects. */
export function parseStats(reply: Reply): WorkerStats {
  const points = (list(reply, 'points') as readonly Reply[]).map((one): [string, Point] => {
    const name = String(one.name);
    return [name, { name, ...numbers(one, COUNTERS), stalled: one.stalled === true }];
  });
  const refused = (list(reply, 'guards') as readonly Reply[]).map((one): [string, number] => [String(one.name), number(one, 'refused')]);
  return {
    points: Object.fromEntries(points),
    refused: Object.fromEntries(refused),
    ...numbers(reply, ['eventsDropped', 'bulkDropped', 'cpuMs', 'maxRssKb']),
  };
}

/** @throws FaultError `input.invalid` when the reply is not what this version expects. */
export function parseStamps(reply: Reply): StampReading {
  return { samplesMs: list(reply, 'samplesMs').map(Number), ...numbers(reply, READING) };
}
