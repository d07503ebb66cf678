/** A second of black in the size and rate of a clip, for a camera whose sensor has died. Made by the media engine when it is asked for. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { h264Encode } from '../gstreamer/parts/h264.ts';
import { rawVideo } from '../gstreamer/parts/picture.ts';
import { chain, element, pipeline } from '../gstreamer/pipeline.ts';
import { Worker } from '../gstreamer/worker.ts';
import { type Clip, parseClip } from './clip.ts';

const encoder = { element: 'x264enc', because: 'it is everywhere' } as const;

/** @throws FaultError when the media engine cannot make it. */
export async function blackClip({ width, height, rate }: Clip, clock: Clock, log: Log): Promise<Clip> {
  const fps = Math.max(1, Math.round(rate.num / rate.den));
  const folder = await mkdtemp(join(tmpdir(), 'diemcau-black-'));
  const worker = new Worker({ name: 'black', clock, log });
  try {
    const path = join(folder, 'black.h264');
    const ended = new Promise<void>((resolve) => {
      worker.on('event', (event) => {
        if (event.event === 'eos' || event.event === 'error') resolve();
      });
      worker.on('down', () => resolve());
    });
    const source = element('videotestsrc', { pattern: 'black', 'num-buffers': fps }, 'source');
    const format = { width, height, fps, kbps: 500, gop: fps };
    const file = element('filesink', { location: path, async: false }, 'file');
    await worker.start(pipeline([chain(source, rawVideo(format), h264Encode({ id: 'encoder', encoder, format }), file)]));
    await ended;
    await worker.finish();
    const made = parseClip(await readFile(path));
    if (!made.ok) throw new FaultError(made.fault);
    return made.value;
  } finally {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
