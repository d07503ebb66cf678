/**
 * What everybody else uses for the same faults: GStreamer's own SRT elements, from a site of the lab to a hub of it, and their own reconnecting.
 * Decoded pictures are counted as they come, so a gap is what a viewer would see.
 */

import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { grain } from '../../support/film.ts';
import type { Lab } from '../../support/lab.ts';
import { patient } from '../../support/lab-story.ts';

const port = 9800;
const FPS = 25;
const LATENCY_MS = 40;
/** Of libsrt, for what is not known to be near. */
const DEFAULT_LATENCY_MS = 120;
const gst = 'gst-launch-1.0';
const words = (text: string): string[] => text.trim().split(/\s+/);
const mono = (): number => performance.now();

/** Times of decoded pictures. */
class Screen {
  readonly times: number[] = [];
  #child: ChildProcess | null = null;
  readonly #lab: Lab;
  readonly #hub: string;
  readonly #latencyMs: number;

  constructor(lab: Lab, hub: string, latencyMs: number) {
    this.#lab = lab;
    this.#hub = hub;
    this.#latencyMs = latencyMs;
  }

  start(): void {
    const pipeline = `-v srtsrc uri=srt://0.0.0.0:${port}?mode=listener latency=${this.#latencyMs} keep-listening=true
      ! application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96 ! rtph264depay ! h264parse ! avdec_h264 output-corrupt=false
      ! identity name=shown silent=false ! fakesink sync=false`;
    const child = this.#lab.machine(this.#hub).spawn(gst, words(pipeline));
    this.#child = child;
    child.stderr?.resume(); // a full pipe would stop it
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      // What a killed one had said is no picture of the next one, and a damaged picture is none.
      if (this.#child === child && line.includes('shown: last-message = chain') && !line.includes('corrupted')) this.times.push(mono());
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  /** Waits for so many pictures from now on. */
  async more(count: number): Promise<void> {
    const from = this.times.length;
    await eventually(() => (this.times.length >= from + count ? undefined : `${this.times.length - from} pictures`), patient);
  }

  /** From `at` to the first picture after it. */
  after(at: number): number {
    return (this.times.find((each) => each > at) ?? mono()) - at;
  }
}

async function stock(
  lab: Lab,
  site: string,
  hub: string,
  use: (screen: Screen) => Promise<number[]>,
  latencyMs = LATENCY_MS,
): Promise<number[]> {
  const screen = new Screen(lab, hub, latencyMs);
  screen.start();
  const to = `srt://${lab.machine(hub).addresses.wan1}:${port}?mode=caller`;
  const pipeline = `${grain(1280, 720, FPS, 'is-live=true')} ! x264enc bitrate=1500 tune=zerolatency speed-preset=ultrafast vbv-buf-capacity=300
    key-int-max=50 ! rtph264pay mtu=1316 config-interval=-1 ! srtsink uri=${to} latency=${latencyMs} wait-for-connection=false`;
  const sender = lab.machine(site).spawn(gst, words(pipeline));
  sender.stdout?.resume();
  sender.stderr?.resume();
  try {
    await screen.more(50);
    return await use(screen);
  } finally {
    sender.kill('SIGKILL');
    screen.kill();
  }
}

/** The only path is cut and healed: from its return to the first picture. */
export const stockOnlyPath = (lab: Lab, n: number, awayMs: readonly number[], say: (text: string) => void): Promise<number[]> =>
  stock(lab, 'site-a', 'hub-1', async (screen) => {
    const gaps: number[] = [];
    for (let index = 0; index < n; index++) {
      await screen.more(50);
      await lab.path('site-a', 'wan1').cut();
      await pause(awayMs[index % awayMs.length]);
      await lab.path('site-a', 'wan1').heal();
      const healed = mono();
      await screen.more(1);
      gaps.push(screen.after(healed));
      say(`stock SRT ${index + 1}/${n}: picture ${Math.round(gaps.at(-1) ?? 0)} ms after the path is back`);
    }
    return gaps;
  });

/** The receiving process is killed and started again at once: the time without a picture. */
export const stockHub = (lab: Lab, n: number, say: (text: string) => void): Promise<number[]> =>
  stock(lab, 'site-a', 'hub-2', async (screen) => {
    const gaps: number[] = [];
    for (let index = 0; index < n; index++) {
      await screen.more(50);
      screen.kill();
      const last = screen.times.at(-1) ?? mono();
      screen.start();
      await screen.more(1);
      gaps.push(screen.after(last));
      say(`stock SRT ${index + 1}/${n}: ${Math.round(gaps.at(-1) ?? 0)} ms without a picture`);
    }
    return gaps;
  });

/** Nothing fails, but the path is bad already: decoded pictures of so many seconds that did not come, or came damaged. Its latency is the default of SRT. */
export const stockBadPath = (lab: Lab, seconds: number, say: (text: string) => void): Promise<number[]> =>
  stock(
    lab,
    'site-a',
    'hub-1',
    async (screen) => {
      await screen.more(50);
      const before = screen.times.length;
      await pause(seconds * 1000);
      const missing = Math.max(0, seconds * FPS - (screen.times.length - before));
      say(`stock SRT: ${missing} of ${seconds * FPS} pictures missing or damaged in ${seconds} s`);
      return [missing];
    },
    DEFAULT_LATENCY_MS,
  );
