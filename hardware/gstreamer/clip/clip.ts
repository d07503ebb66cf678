/**
 * Makes what a demo site plays: its picture as `main` and as `tile`, and its voice, each already in the format that is sent. Made once,
 * kept on disk under a name that tells what is in it.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep } from '../../../protocol/clock.ts';
import { FaultError } from '../../../protocol/fault.ts';
import type { Log } from '../../../protocol/log.ts';
import type { EncodeFormat } from '../encoder.ts';
import type { WorkerEvent } from '../events.ts';
import { h264Encode } from '../parts/h264.ts';
import { MAIN, rawVideo, TILE } from '../parts/picture.ts';
import { opusEncode, rawAudio } from '../parts/sound.ts';
import { type Chain, chain, element, fraction, type Pipeline, padOf, pipeline } from '../pipeline.ts';
import type { Reflex } from '../reflexes.ts';
import { Worker, type WorkerDown } from '../worker.ts';
import { DRAWN, drawClip } from './drawing.ts';
import { sampleVoice, voiceOf, wav } from './voice.ts';

export interface ClipOf {
  /** Shown in the picture. */
  readonly name: string;
  /** Counts the sites: turns the colour and the voice. */
  readonly n: number;
}

export interface ClipFiles {
  /** H.264 byte-streams. */
  readonly main: string;
  readonly tile: string;
  /** Ogg Opus, 40 ms packets, and the same as WAV for sites that encode it live. */
  readonly voice: string;
  readonly voiceWav: string;
}

export interface ClipShop {
  readonly clock: Clock;
  readonly log: Log;
  /** Where clips are kept. */
  readonly folder: string;
  /** Workers at a time. Default 2. */
  readonly jobs?: number;
  /** Rate of the main picture. Default: a live site's 1500. */
  readonly mainKbps?: number;
  /** Burn measuring stamps into the main picture, so that a benchmark can tell damaged pictures. Their times mean nothing in a clip. */
  readonly stamps?: boolean;
}

/** Part of the file names: a new look makes new files. */
const VERSION = 2;
const SECONDS = 10;
/** Grain of a sensor, as part of white noise over the whole range: 74 (its deviation) x 0.03 is about 2 of 255, a good camera indoors. */
const GRAIN = 0.03;
/** As a live site encodes. Short: whoever joins late or missed a request waits 0.4 s at most. A request is answered at once by a jump in the clip. */
const MAIN_FORMAT: EncodeFormat = { ...MAIN, kbps: 1500, gop: 10, effort: 'superfast', profile: 'high' };
const TILE_FORMAT: EncodeFormat = { ...TILE, kbps: 150, gop: 15, effort: 'veryfast' };
const MAKE_MS = 120_000;
/** The encoder of the main picture. */
const mainEncoder = `encode-${MAIN.width}`;

/**
 * The clips of all sites, in their order; those that exist are taken as they are.
 * @throws FaultError `program.refused` or `program.gone` when GStreamer cannot make them, `unreachable` when it takes over two minutes.
 */
export async function makeClips(shop: ClipShop, sites: readonly ClipOf[]): Promise<readonly ClipFiles[]> {
  await mkdir(shop.folder, { recursive: true });
  const made = sites.map((site) => filesOf(shop, site));
  const absent = await Promise.all(made.map(async (files) => !(await allExist(Object.values(files)))));
  const todo = sites.filter((_, i) => absent[i]);
  if (todo.length === 0) return made;
  const begin = shop.clock.mono();
  const drawing = join(shop.folder, `drawing-${process.pid}.i420`);
  await writeFile(drawing, drawClip(MAIN.fps * SECONDS, SECONDS));
  try {
    const next = todo[Symbol.iterator]();
    await Promise.all(Array.from({ length: shop.jobs ?? 2 }, (_, job) => work(shop, drawing, job, next)));
  } finally {
    await rm(drawing, { force: true });
  }
  shop.log.info({ clips: todo.length, ms: Math.round(shop.clock.mono() - begin) }, 'clips made');
  return made;
}

const rateOf = ({ mainKbps = MAIN_FORMAT.kbps }: ClipShop): number => mainKbps;

function filesOf(shop: ClipShop, { name, n }: ClipOf): ClipFiles {
  const { folder, stamps = false } = shop;
  const key = createHash('sha256')
    .update(JSON.stringify([VERSION, name, n, stamps, rateOf(shop)]))
    .digest('hex')
    .slice(0, 12);
  const at = (what: string): string => join(folder, `${key}-${what}`);
  return { main: at('main.h264'), tile: at('tile.h264'), voice: at('voice.ogg'), voiceWav: at('voice.wav') };
}

async function allExist(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(paths.map((path) => access(path)));
  return found.every(({ status }) => status === 'fulfilled');
}

/** One worker process makes one clip after the other. */
async function work(shop: ClipShop, drawing: string, job: number, next: Iterator<ClipOf>): Promise<void> {
  const worker = new Worker({ name: `clips ${job}`, clock: shop.clock, log: shop.log });
  try {
    for (let site = next.next(); !site.done; site = next.next()) await make(shop, worker, drawing, site.value);
  } finally {
    await worker.stop();
  }
}

async function make(shop: ClipShop, worker: Worker, drawing: string, site: ClipOf): Promise<void> {
  const files = filesOf(shop, site);
  // With the process in the name: two processes may make the same clip at the same time.
  const part = (path: string): string => `${path}.${process.pid}.part`;
  await writeFile(part(files.voiceWav), wav(sampleVoice(voiceOf(site.n))));
  const chains = [
    ...pictures(site, rateOf(shop), drawing, part(files.main), part(files.tile)),
    voice(part(files.voiceWav), part(files.voice)),
  ];
  const reflexes: readonly Reflex[] = shop.stamps === true ? [{ do: 'stamp', element: mainEncoder, pad: 'sink' }] : [];
  await run(shop.clock, worker, pipeline(chains, { reflexes }));
  for (const path of Object.values(files)) await rename(part(path), path);
}

/** Starts the chains and waits for their end. */
async function run(clock: Clock, worker: Worker, what: Pipeline): Promise<void> {
  const over = new AbortController();
  const ends: (string | null)[] = [];
  const end = (because: string | null): void => {
    ends.push(because);
    over.abort();
  };
  const heard = (event: WorkerEvent): void => {
    if (event.event === 'eos') end(null);
    if (event.event === 'error') end(`${event.element}: ${event.message}`);
  };
  const down = ({ because }: WorkerDown): void => end(because);
  worker.on('event', heard);
  worker.on('down', down);
  try {
    await worker.start(what);
    await sleep(clock, MAKE_MS, 'clip is made', over.signal);
    const because = ends.length === 0 ? `nothing for ${MAKE_MS} ms` : ends[0];
    if (typeof because === 'string') throw new FaultError({ code: 'unreachable', what: 'clip', because });
    await worker.finish();
  } finally {
    worker.off('event', heard);
    worker.off('down', down);
  }
}

/**
 * The drawing, tinted and with the grain of a camera, once large and once small. Without grain nearly nothing changes between two
 * pictures, and whoever decodes them has far less to do than with a real camera: a demo and its benchmarks would flatter.
 */
function pictures({ name, n }: ClipOf, mainKbps: number, drawing: string, main: string, tile: string): readonly Chain[] {
  const { width, height } = DRAWN;
  const parse = { width, height, format: 'i420', framerate: fraction(MAIN.fps) };
  // Twelve steps around the circle of colours, neighbours far apart; brightness stays, so text stays readable.
  const hue = (((n * 5) % 12) - 6) / 6;
  const out = (path: string, format: EncodeFormat, shape: Chain): Chain =>
    chain(
      padOf('picture'),
      element('queue'),
      shape,
      h264Encode({ id: `encode-${format.width}`, encoder: { element: 'x264enc', because: 'clips are the same everywhere' }, format }),
      element('filesink', { location: path, async: false }),
    );
  return [
    chain(
      element('filesrc', { location: drawing, blocksize: (width * height * 3) / 2 }),
      element('rawvideoparse', parse),
      element('videobalance', { hue }),
      element('videoconvert'),
      element('videoscale'),
      rawVideo(MAIN),
      element('textoverlay', { text: name, valignment: 'top', halignment: 'center', 'font-desc': 'Sans Bold 30' }),
      padOf('grainy', 'sink_0'),
    ),
    chain(
      element('videotestsrc', { pattern: 'snow', 'num-buffers': MAIN.fps * SECONDS }),
      rawVideo(MAIN),
      element('queue'),
      padOf('grainy', 'sink_1'),
    ),
    chain(element('compositor', { background: 'black', 'sink_1::alpha': GRAIN }, 'grainy'), rawVideo(MAIN), element('tee', {}, 'picture')),
    out(main, { ...MAIN_FORMAT, kbps: mainKbps }, []),
    out(tile, TILE_FORMAT, chain(element('videorate'), element('videoscale'), rawVideo(TILE))),
  ];
}

function voice(from: string, to: string): Chain {
  return chain(
    element('filesrc', { location: from }),
    element('wavparse'),
    element('audioconvert'),
    rawAudio(),
    opusEncode({ id: 'voice', frameMs: 40 }),
    element('oggmux'),
    element('filesink', { location: to, async: false }),
  );
}
