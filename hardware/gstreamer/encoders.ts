/** Which H.264 encoder this machine really has: each element that is present encodes a few frames in a process of its own, the best that can is taken. */
import type { Clock } from '../../protocol/clock.ts';
import { sleep } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { ENCODERS, type EncoderName, encoderProperties } from './encoder.ts';
import type { WorkerEvent } from './events.ts';
import { rawVideo } from './parts/picture.ts';
import { chain, element, filter, pipeline } from './pipeline.ts';
import { Worker, type WorkerDown } from './worker.ts';

export interface EncoderChoice {
  readonly element: EncoderName;
  readonly because: string;
}

/** How one encoder did. */
export type Trial =
  | { readonly element: EncoderName; readonly did: 'absent' }
  | { readonly element: EncoderName; readonly did: 'failed'; readonly because: string }
  | { readonly element: EncoderName; readonly did: 'encoded' };

/**
 * The best encoder that encoded, and what was wrong with the better ones.
 * @throws FaultError `not-found` when the machine has none at all.
 */
export function chooseEncoder(trials: readonly Trial[]): EncoderChoice {
  const order = (trial: Trial): number => ENCODERS.indexOf(trial.element);
  const sorted = [...trials].sort((a, b) => order(a) - order(b));
  const best = sorted.findIndex((trial) => trial.did === 'encoded');
  const found = sorted[best];
  if (!found) throw new FaultError({ code: 'not-found', what: 'H.264 encoder', id: sorted.map(verdict).join(', ') });
  const better = sorted.slice(0, best).map(verdict);
  return {
    element: found.element,
    because: better.length === 0 ? 'the best there is' : `better ones do not work here: ${better.join(', ')}`,
  };
}

function verdict(trial: Trial): string {
  return trial.did === 'failed' ? `${trial.element} failed (${trial.because})` : `${trial.element} ${trial.did}`;
}

const TRIAL_MS = 5000;
const FRAMES = 8;
const FORMAT = { width: 640, height: 360, fps: 25, kbps: 500, gop: 25, profile: 'high' } as const;

/** Tries all encoders, stopping at the first that works. A driver that crashes or hangs costs its trial process, nothing else. */
export class Encoders {
  readonly #clock: Clock;
  readonly #log: Log;
  #choice: Promise<EncoderChoice> | null = null;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The choice; probed once, then remembered. @throws FaultError `not-found`. */
  choose(): Promise<EncoderChoice> {
    this.#choice ??= this.#probe();
    return this.#choice;
  }

  async #probe(): Promise<EncoderChoice> {
    const worker = new Worker({ name: 'encoder trial', clock: this.#clock, log: this.#log });
    const trials: Trial[] = [];
    try {
      const missing = await worker.missing(ENCODERS);
      for (const element of ENCODERS) {
        const trial: Trial = missing.includes(element) ? { element, did: 'absent' } : await this.#try(worker, element);
        trials.push(trial);
        if (trial.did === 'encoded') break;
      }
    } finally {
      await worker.stop();
    }
    const choice = chooseEncoder(trials);
    this.#log.info({ ...choice }, 'encoder chosen');
    return choice;
  }

  async #try(worker: Worker, name: EncoderName): Promise<Trial> {
    const { properties, caps } = encoderProperties(name, FORMAT);
    const convert = name === 'x264enc' || name === 'openh264enc' ? [] : chain(element('videoconvert'));
    const out = element('fakesink', { sync: false, async: false });
    const trial = chain(
      element('videotestsrc', { 'num-buffers': FRAMES }),
      rawVideo(FORMAT),
      convert,
      element(name, { ...properties }),
      filter('video/x-h264', { ...caps }),
      out,
    );
    const over = new AbortController();
    const outcomes: Trial[] = [];
    const end = (outcome: Trial): void => {
      outcomes.push(outcome);
      over.abort();
    };
    const heard = (event: WorkerEvent): void => {
      if (event.event === 'eos') end({ element: name, did: 'encoded' });
      if (event.event === 'error') end({ element: name, did: 'failed', because: event.message });
    };
    const down = ({ because }: WorkerDown): void => end({ element: name, did: 'failed', because });
    worker.on('event', heard);
    worker.on('down', down);
    try {
      await worker.start(pipeline([trial]));
      await sleep(this.#clock, TRIAL_MS, `trial of ${name}`, over.signal);
      await worker.finish();
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      end({ element: name, did: 'failed', because: error.message });
    } finally {
      worker.off('event', heard);
      worker.off('down', down);
    }
    return outcomes[0] ?? { element: name, did: 'failed', because: `nothing for ${TRIAL_MS} ms` };
  }
}
