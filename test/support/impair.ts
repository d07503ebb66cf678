/** Drives one `impair` program: a bad network between two interfaces (native/impair.c). */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../protocol/node/root.ts';
import type { Space } from './netspace.ts';

/** What a link does to frames. Percentages are 0–100; what is not named stays as it is. */
export interface Impairment {
  /** Each way: a round trip takes twice as long. */
  readonly delayMs?: number;
  /** Added to the delay, evenly between 0 and this. */
  readonly jitterMs?: number;
  /** Jitter may let a frame overtake another. */
  readonly reorder?: boolean;
  /** Each frame for itself. */
  readonly lossPercent?: number;
  /** Of all frames, lost in bursts (Gilbert's model) of `burstLength` frames on average. */
  readonly burstLossPercent?: number;
  readonly burstLength?: number;
  /** 0: no limit. Counted in whole Ethernet frames. */
  readonly kbps?: number;
  /** A frame that would wait longer for the rate is lost. */
  readonly queueMs?: number;
  readonly duplicatePercent?: number;
  /** Nothing passes, what is under way included. */
  readonly cut?: boolean;
}

/** A link that does nothing to frames. */
export const perfect: Required<Impairment> = {
  delayMs: 0,
  jitterMs: 0,
  reorder: false,
  lossPercent: 0,
  burstLossPercent: 0,
  burstLength: 1,
  kbps: 0,
  queueMs: 200,
  duplicatePercent: 0,
  cut: false,
};

/** `up` leads away from the site. */
export type Way = 'up' | 'down';

/** Counters of IP frames in one direction; they grow until they are cleared. */
export interface WayStats {
  readonly frames: number;
  readonly bytes: number;
  /** Left the link, duplicates included. */
  readonly passed: number;
  readonly passedBytes: number;
  readonly lost: number;
  readonly burstLost: number;
  /** Bursts that began. */
  readonly bursts: number;
  readonly queueDropped: number;
  readonly cutDropped: number;
  readonly duplicated: number;
  /** Not IP: delayed and cut like all, never lost by chance. */
  readonly other: number;
  /** Refused because an offload of the sender is on. Anything but 0 is a mistake of the bench. */
  readonly unfinished: number;
  readonly sendErrors: number;
  /** Frames that the kernel had no room for: the machine was starved, and figures are wrong by that much. */
  readonly missed: number;
  /** Under way now. */
  readonly waiting: number;
  /** A fingerprint of what chance decided for each frame, in order. */
  readonly fate: number;
  /** How much later than due a frame left, at worst. */
  readonly maxLateMs: number;
  /** Between two frames that left. */
  readonly maxGapMs: number;
  /** From the first frame that left to the last. */
  readonly spanMs: number;
}

export type LinkStats = Readonly<Record<Way, WayStats>>;

export interface Impair {
  set(way: Way | 'both', impairment: Impairment): Promise<void>;
  stats(): Promise<LinkStats>;
  /** Counters begin anew; settings and seeds do not. */
  clear(): Promise<void>;
  readonly pid: number;
  /** Ends it. @throws Error when it had died before, or a sanitizer complained. */
  stop(): Promise<void>;
}

export const impairBinary = (sanitized: boolean): string => join(packageRoot(), 'build', 'native', sanitized ? 'impair-asan' : 'impair');

type Answer = Readonly<Record<string, unknown>>;
interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Starts it in `space` between two interfaces (`up` leads from the first to the second) and waits until frames pass. */
export async function startImpair(
  space: Space,
  { seed, from, to, sanitized }: { readonly seed: number; readonly from: string; readonly to: string; readonly sanitized: boolean },
): Promise<Impair> {
  const child: ChildProcess = space.spawn(impairBinary(sanitized), [String(seed), from, to], { input: 'pipe' });
  const { stdin, stdout, stderr, pid } = child;
  if (stdin === null || stdout === null || stderr === null || pid === undefined) throw new Error('impair did not start');
  const words: string[] = [];
  const asked: Asked[] = [];
  let dead: Error | null = null;
  const ended = new Promise<void>((resolve) =>
    child.once('close', (code, signal) => {
      dead = new Error(`impair ${from} ended (${code ?? signal}): ${words.slice(-20).join('\n')}`);
      for (const { reject } of asked.splice(0)) reject(dead);
      resolve();
    }),
  );
  createInterface({ input: stderr }).on('line', (line) => words.push(line));
  stdin.on('error', (error) => words.push(`standard input: ${error.message}`)); // 'close' follows and rejects what was asked
  const answered = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (dead !== null) reject(dead);
      else asked.push({ resolve, reject });
    });
  createInterface({ input: stdout }).on('line', (line) => asked.shift()?.resolve(JSON.parse(line) as Answer));
  let id = 0;
  const ask = async (command: Answer): Promise<Answer> => {
    const answer = answered(); // answers come in the order of the questions
    stdin.write(`${JSON.stringify({ id: ++id, ...command })}\n`);
    const { ok, error, detail, ...rest } = await answer;
    if (ok !== true) throw new Error(`impair: ${error}: ${detail}`);
    return rest;
  };
  await answered(); // the ready line
  return {
    pid,
    set: async (way, impairment) => void (await ask({ do: 'set', way, ...impairment })),
    stats: async () => {
      const { up, down } = await ask({ do: 'stats' });
      return { up, down } as LinkStats;
    },
    clear: async () => void (await ask({ do: 'clear' })),
    stop: async () => {
      if (dead !== null) throw dead;
      stdin.end();
      await ended;
      if (child.exitCode !== 0) throw dead ?? new Error('impair failed');
    },
  };
}
