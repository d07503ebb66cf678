/** The room's loudspeaker: the mix from the relay is decoded and played; where there is no loudspeaker it is decoded and counted. */
import { rtpAudioIn } from '../../../hardware/gstreamer/parts/rtp.ts';
import { normaliseSound, opusDecode } from '../../../hardware/gstreamer/parts/sound.ts';
import { chain, element, type Pipeline, pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { brief, FaultError } from '../../../protocol/fault.ts';
import type { Log } from '../../../protocol/log.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../../protocol/schema/reported.ts';
import { MediaPart } from '../part.ts';
import type { SoundOut } from './choose.ts';

/** Puts packets in order behind two relays; their SRT has repaired and paced them already. */
const JITTER_MS = 60;
const RETRY_MS = 5000;

/** The pipeline; it listens on a free port, to be read from `mix-udp`. `silent` gives a loudspeaker that failed a rest. Pure. */
export function speakerPipeline(out: SoundOut, silent = false): Pipeline {
  const counted = element('fakesink', { sync: false, async: false }, 'speaker');
  const played =
    out.kind === 'device' && !silent
      ? element(
          out.element,
          {
            ...(out.element === 'pipewiresink'
              ? { 'target-object': out.device ?? undefined }
              : { device: out.device ?? undefined, 'buffer-time': 60_000n, 'latency-time': 10_000n }),
            async: false,
          },
          'speaker',
        )
      : counted;
  return pipeline([chain(rtpAudioIn({ id: 'mix', port: 0, jitterMs: JITTER_MS }), opusDecode('mix-decode'), normaliseSound(), played)], {
    reflexes: [{ do: 'probe', element: 'speaker', pad: 'sink', name: 'speaker' }],
  });
}

export interface SpeakerOptions {
  readonly choice: SoundOut;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** The port has changed on which the mix is expected. */
  readonly portChanged: () => void;
}

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #log: Log;
  readonly #part: MediaPart;
  #port: number | null = null;
  #silent = false;
  #retry: Timer | null = null;
  #stopped = true;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    const { clock, log, tell } = options;
    this.#log = log.child({ part: 'speaker' });
    this.#part = new MediaPart({ name: 'speaker', clock, log, tell });
    this.#part.on('playing', () => void this.#readPort());
    this.#part.on('event', (event) => {
      if (event.event === 'error') this.#failed(`${event.element}: ${event.message}`);
    });
  }

  /** Where the relay shall send the mix; null while nobody listens. */
  get port(): number | null {
    return this.#port;
  }

  get pids(): readonly number[] {
    return this.#part.pid === null ? [] : [this.#part.pid];
  }

  async start(): Promise<void> {
    if (this.#options.choice.kind === 'off') return;
    this.#stopped = false;
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#part.stop();
  }

  restart(): void {
    this.#part.kill();
  }

  /** Null when there is none. */
  report(): PartReport | null {
    return this.#options.choice.kind === 'off' ? null : this.#part.report();
  }

  async #open(): Promise<void> {
    try {
      await this.#part.play(() => speakerPipeline(this.#options.choice, this.#silent));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#failed(brief(error.fault));
    }
  }

  /** A loudspeaker that is gone is replaced by counting, and tried again. */
  #failed(because: string): void {
    if (this.#retry !== null || this.#stopped) return;
    this.#log.warn({ because, againMs: RETRY_MS }, 'loudspeaker failed');
    if (!this.#silent) {
      this.#silent = true;
      void this.#open();
    }
    this.#retry = this.#options.clock.after(RETRY_MS, 'loudspeaker is opened again', () => {
      this.#retry = null;
      this.#silent = false;
      void this.#open();
    });
  }

  async #readPort(): Promise<void> {
    const port = await this.#part.get('mix-udp', 'port');
    if (typeof port !== 'number' || port === this.#port) return;
    this.#port = port;
    this.#options.portChanged();
  }
}
