/** The room's loudspeaker: the mix from the relay is decoded and played; where there is no loudspeaker it is decoded and counted. */
import { rtpAudioIn } from '../../../hardware/gstreamer/parts/rtp.ts';
import { measured, normaliseSound, opusDecode } from '../../../hardware/gstreamer/parts/sound.ts';
import { chain, element, type Pipeline, pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../../protocol/schema/reported.ts';
import { Output } from '../output.ts';
import type { SoundOut } from './choose.ts';

/** Puts packets in order behind two relays; their SRT has repaired and paced them already. */
const JITTER_MS = 60;

const levelMeter = 'heard';

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
  return pipeline(
    [
      chain(
        rtpAudioIn({ id: 'mix', port: 0, jitterMs: JITTER_MS }),
        opusDecode('mix-decode'),
        normaliseSound(),
        measured(levelMeter),
        played,
      ),
    ],
    {
      reflexes: [{ do: 'probe', element: 'speaker', pad: 'sink', name: 'speaker' }],
    },
  );
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
  readonly #output: Output;
  #port: number | null = null;
  #silent = false;
  #loudest: number | null = null;

  constructor(options: SpeakerOptions) {
    const { clock, log, tell } = options;
    this.#options = options;
    this.#output = new Output({
      name: 'speaker',
      rank: 'sound',
      clock,
      log,
      tell,
      recipe: () => speakerPipeline(this.#options.choice, this.#silent),
      playing: () => this.#readPort(),
      heard: (event) => {
        if (event.event === 'level' && event.element === levelMeter)
          this.#loudest = Math.max(this.#loudest ?? Number.NEGATIVE_INFINITY, ...event.peak);
      },
      // A loudspeaker that is gone is replaced by counting, and tried again.
      failed: () => {
        const better = !this.#silent;
        this.#silent = true;
        return better;
      },
      again: () => {
        this.#silent = false;
      },
    });
  }

  /** Where the relay shall send the mix; null while nobody listens. */
  get port(): number | null {
    return this.#port;
  }

  /** The loudest moment since the last call, dB; null when nothing was heard of the loudspeaker. */
  takeLevel(): number | null {
    const level = this.#loudest;
    this.#loudest = null;
    return level === null ? null : Math.max(-200, Number(level.toFixed(1)));
  }

  get pids(): readonly number[] {
    return this.#output.pids;
  }

  async start(): Promise<void> {
    if (this.#options.choice.kind === 'off') return;
    await this.#output.start();
  }

  stop(): Promise<void> {
    return this.#output.stop();
  }

  restart(): void {
    this.#output.part.kill();
  }

  /** Null when there is none. */
  report(): PartReport | null {
    return this.#options.choice.kind === 'off' ? null : this.#output.part.report();
  }

  async #readPort(): Promise<void> {
    const port = await this.#output.part.get('mix-udp', 'port');
    if (typeof port !== 'number' || port === this.#port) return;
    this.#port = port;
    this.#options.portChanged();
  }
}
